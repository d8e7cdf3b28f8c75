"""What the multilingual model alone has: sources, corpora, vocabulary, recipes. `model.py` is its description."""

"""What is the multilingual model's own: its sources, corpora, vocabulary and recipe. `model.py` is its description."""

"""Mark what somebody searched for, accents or not."""

from markupsafe import Markup, escape

from app.domain.places import fold


def highlight(text: str, asked: str) -> Markup:
    """`text` with the asked phrase, or else each asked word, in <mark>."""
    plain = "".join(fold(letter) or " " for letter in text)
    words = fold(asked[:100]).split()
    if not words or len(plain) != len(text):
        return escape(text)
    phrase = " ".join(words)
    marked = [False] * len(text)
    for sought in [phrase] if phrase in plain else words:
        at = plain.find(sought)
        while at >= 0:
            marked[at : at + len(sought)] = [True] * len(sought)
            at = plain.find(sought, at + len(sought))
    pieces, start = [], 0
    for end in range(1, len(text) + 1):
        if end == len(text) or marked[end] != marked[start]:
            piece = escape(text[start:end])
            pieces.append(Markup("<mark>{}</mark>").format(piece) if marked[start] else piece)
            start = end
    return Markup("").join(pieces)

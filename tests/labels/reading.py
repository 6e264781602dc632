"""What pypdf reads from a drawn paper, page by page: drawn once for all tests that ask."""

import io
from functools import lru_cache
from typing import Any

import pypdf

import labels


@lru_cache
def pages(name: str, item: Any) -> tuple[str, ...]:
    reader = pypdf.PdfReader(io.BytesIO(labels.render(name, [item])))
    return tuple(page.extract_text() for page in reader.pages)

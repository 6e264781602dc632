"""The JSON door, /api/v1: phones and partner systems. Device tokens, no cookies, problem+json."""

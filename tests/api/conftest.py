"""A courier's phone at the API, as the tests hold it."""

import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.people import User
from tests.world import Phone, World


class Line:
    """A phone and the wire between it and the server."""

    def __init__(self, app: Flask, phone: Phone) -> None:
        self.phone, self.client = phone, app.test_client()
        self.headers = {"Authorization": f"Bearer {phone.token}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, said: Any = None, **headers: str) -> TestResponse:
        kind = {"Content-Type": "application/json"} if said is not None else {}
        return self.client.post(
            path, data=json.dumps(said) if said is not None else None, headers=self.headers | kind | headers
        )

    def send(self, *bodies: bytes, extras: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        envelope = self.phone.envelope(*bodies) | more
        if extras is not None:
            for item in envelope["scans"]:
                item["extras"] = extras
        return self.post("/api/v1/scans", envelope)


def line(world: World, user: User | None = None) -> Line:
    return Line(world.app, world.phone(user))


@pytest.fixture
def wire(world: World) -> Line:
    return line(world)

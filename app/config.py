"""Every setting, read once from the environment. Half a configuration does not start."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

ROOT = Path(__file__).parents[1]
VAR = ROOT / "var"
HERE = {("http", "localhost"), ("http", "127.0.0.1")}  # a gateway of one's own on this machine
THREADS = 16  # requests one process answers at the same time
WAITING = 512  # and those it has on the line, some of which send slowly or stand in the queue


class Where(BaseSettings):
    """What every process of ours must know, and all that the signer does. Names are those of the environment;
    `var/settings.env` is read when it exists."""

    model_config = SettingsConfigDict(env_file=VAR / "settings.env", extra="ignore", hide_input_in_errors=True)

    database_url: str = f"sqlite:///{VAR / 'dossier-post.db'}"
    base_url: str = "http://localhost:8000"
    checkpoint_dir: Path = Field(default=VAR / "checkpoint", description="the signer's key and its newest note")

    @field_validator("database_url", "database_owner_url", check_fields=False)
    @classmethod
    def _current_name(cls, url: str) -> str:
        return re.sub("^postgres://", "postgresql://", url)

    @property
    def host(self) -> str:
        return self.base_url.split("://", 1)[-1].rstrip("/")


class Settings(Where):
    secret_key: str = Field(default="", description="32 characters or more; sessions and codes hang on it")
    database_owner_url: str = Field(default="", description="for migrations, when another role owns the tables")
    data_dir: Path | None = Field(
        default=None, description="a folder on PostgreSQL's disk, where it is this machine's: watched for room"
    )
    keys_dir: Path = VAR / "keys"
    backup_key: str = Field(default="", description="public half of the key backups are encrypted to: age1…")
    demo: bool = False
    channel: str = Field(default="", description="how messages leave; while empty they wait. The demo keeps them")
    metrics_token: str = Field(default="", description="whoever shows it reads /metrics; while empty nobody does")
    sms_url: str = Field(
        default="", description="CHANNEL=sms: where the gateway takes messages; https, or this machine"
    )
    sms_token: str = Field(default="", description="sent as Authorization: Bearer; empty where the body holds the key")
    sms_body: str = Field(
        default='{"to": "{to}", "text": "{text}", "reference": "{reference}"}', description="JSON the gateway wants"
    )
    sms_taken: str = Field(
        default="", description="field=words of its answer that mean taken, such as CodeResult=100,124"
    )
    enrol_by_password: bool | None = Field(
        default=None, description="couriers may bring a phone into service by name and password; default: in the demo"
    )
    staff_passkey: Literal["optional", "required"] = Field(
        default="optional", description="required: whoever works at a page signs in with a passkey; couriers need none"
    )
    support_phone: str = "0900 000 000"
    web_workers: int = Field(default=min(2, os.cpu_count() or 1), ge=1, description="processes that answer")
    cookie_secure: bool | None = Field(default=None, description="default: when BASE_URL is https")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.secret_key) < 32:
            raise ValueError("SECRET_KEY is missing or shorter than 32 characters: run `make run`, or set it")
        if self.database_owner_url and not self.web_role:
            raise ValueError("DATABASE_URL must name the role it enters as: DATABASE_OWNER_URL grants it its rights")
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("BASE_URL must begin with http:// or https://")
        if self.passkeys_required and not self.takes_passkeys:
            raise ValueError(
                "STAFF_PASSKEY=required needs a BASE_URL of https:// with a name: passkeys are good nowhere else"
            )
        if self.demo and not self.channel:
            self.channel = "inbox"
        if self.channel == "sms":
            self._check_gateway()
        return self

    def _check_gateway(self) -> None:
        where = urlsplit(self.sms_url)
        if not where.hostname or (where.scheme, where.hostname) not in {("https", where.hostname), *HERE}:
            raise ValueError("SMS_URL is missing or not https: CHANNEL=sms sends names of packets and codes there")
        try:
            wanted = set(re.findall(r"\{(\w+)\}", json.dumps(json.loads(self.sms_body))))
        except ValueError:
            wanted = set()
        if not wanted >= {"to", "text"}:
            raise ValueError('SMS_BODY is JSON that holds "{to}" and "{text}", each as a value of its own')

    @property
    def web_role(self) -> str | None:
        """Whom DATABASE_URL names."""
        return make_url(self.database_url).username

    @property
    def finer_codes(self) -> str:
        """Which printed codes a long host makes finer, to be said at the start: more modules in the same size."""
        levels = [
            level for level, longest in (("M, on paper", 10), ("Q, on labels and bags", 13)) if len(self.host) > longest
        ]
        return "; ".join(levels)

    @property
    def password_is_enough(self) -> bool:
        return self.demo if self.enrol_by_password is None else self.enrol_by_password

    @property
    def passkeys_required(self) -> bool:
        return self.staff_passkey == "required"

    @property
    def takes_passkeys(self) -> bool:
        """Whether browsers make passkeys for this address: one with a name, by https, or this machine's own."""
        where = urlsplit(self.base_url)
        host = where.hostname or ""
        named = ":" not in host and re.search("[a-z]", host.rpartition(".")[2])
        return bool(named) and (where.scheme == "https" or host == "localhost")

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://") if self.cookie_secure is None else self.cookie_secure


def _sentence(*setting: int | str, said: str) -> str:
    """Our own sentences name the setting themselves."""
    named = f"{str(setting[0]).upper()}: " if setting else ""
    return named + said.removeprefix("Value error, ")


@contextmanager
def ends_in_a_sentence() -> Iterator[None]:
    """Whoever starts a program with half a configuration reads what is missing, not where in the code it was missed."""
    try:
        yield
    except ValidationError as error:
        sys.exit("Cannot start: " + "; ".join(_sentence(*one["loc"], said=one["msg"]) for one in error.errors()))
    except (RuntimeError, ValueError) as error:
        sys.exit(f"Cannot start: {error}")

"""Finds the call, id, texts and objects of an odd message, and repairs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import xxhash

from loader.core.samples import WalkRules
from loader.core.tables import EXCLUDED, REQUEST_IP, payload_root
from loader.normalize.exact.columns import Settler
from loader.normalize.exact.json import Loss, Members, NumberText, cleaned, compact, merged, quoted, readable, spelled
from loader.normalize.exact.times import TIME_KEYS

_ID_KEYS: Final = ("anonymousId", "userId", "groupId", "previousId")
_NAME_KEYS: Final = ("name", "category")
_USUAL: Final = {
    key.lower(): key
    for key in (
        *("messageId", *_ID_KEYS, *TIME_KEYS, "event", *_NAME_KEYS),
        *("context", "properties", "traits", REQUEST_IP, *EXCLUDED),
    )
}
"""Envelope keys by their lower-case spelling."""


@dataclass(slots=True)
class Draft:
    """A message merged with its envelope, before anything is decided."""

    body: dict[str, Any]
    losses: list[Loss] = field(default_factory=list)
    received_at: Any = None
    """When the envelope was received."""


def unpacked(value: Any) -> tuple[list[Any], dict[str, Any]] | str:
    """The possible messages in a value and their common envelope, or the reason why there are none."""
    if not isinstance(value, Members):
        if isinstance(value, list) and any(isinstance(item, Members) for item in value):
            return value, {}
        return "not_an_object"
    members = dict(value)
    gateway = dict(members["payload"]) if isinstance(members.get("payload"), Members) else {}
    if _is_array(gateway.get("batch")):
        received_at = gateway.get("receivedAt") or members.get("createdAt")
        return gateway["batch"], {**gateway, "receivedAt": received_at}
    if _is_array(members.get("batch")):
        return members["batch"], members
    return "unsupported_envelope" if set(members) == {"data", "metadata"} else ([value], {})


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and not isinstance(value, Members)


def draft(item: Members, envelope: dict[str, Any]) -> Draft:
    """A message merged with the envelope; values of the message win."""
    found = Draft({})
    body = found.body = cleaned(item, (), found.losses)
    for key in ("context", "integrations"):
        if isinstance(envelope.get(key), Members):
            under = cleaned(envelope[key], (key,), found.losses)
            own = body.get(key)
            if own is None or isinstance(own, dict):
                body[key] = merged(under, own or {})
    for key in ("sentAt", "writeKey"):
        if body.get(key) is None and envelope.get(key) is not None:
            body[key] = cleaned(envelope[key], (key,), found.losses)
    found.received_at = cleaned(envelope.get("receivedAt"), (), [])
    sender = cleaned(envelope.get("requestIP"), ("context", "ip"), [])
    if sender is not None:
        context = body.setdefault("context", {})
        if isinstance(context, dict) and context.get("ip") is None:
            context["ip"] = sender
    return found


def respelled(body: dict[str, Any]) -> dict[str, Any]:
    """Give envelope keys their usual spelling, if that spelling is absent."""
    renamed: dict[str, Any] = {}
    for key, value in body.items():
        usual = _USUAL.get(key.lower(), key)
        renamed[key if usual in body or usual in renamed else usual] = value
    return renamed


def is_respelled(body: dict[str, Any], renamed: dict[str, Any]) -> bool:
    """Whether a key with a value was respelled. As in the set-based SQL, null and {} are not values."""
    return any(key not in renamed and value is not None and value != {} for key, value in body.items())


def given_id(body: dict[str, Any], losses: list[Loss]) -> str | None:
    """The id of a message; None if it needs one."""
    value = body.get("messageId")
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, str):
        return _without_nul(value, "messageId", losses).strip() or None
    if value is not None:
        losses.append(Loss("bad_message_id", ("messageId",), compact(value)))
    return None


def id_texts(body: dict[str, Any], losses: list[Loss]) -> dict[str, str]:
    """The ids of people and groups in a message, as text."""
    found: dict[str, str] = {}
    for key in _ID_KEYS:
        value = body.get(key)
        if isinstance(value, NumberText):
            found[key] = str(value)
        elif isinstance(value, str):
            found[key] = _without_nul(value, key, losses)
        elif value is not None:
            losses.append(Loss("bad_id", (key,), compact(value)))
    return found


def _without_nul(text: str, key: str, losses: list[Loss]) -> str:
    if "\0" in text:
        losses.append(Loss("nul_byte", (key,), quoted(text)))
    return text.replace("\0", "")


def name_text(value: Any) -> str | None:
    """The text of an event, or of the name of a page; None if it is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def fingerprint(call: str, body: dict[str, Any], ids: dict[str, str]) -> int:
    """The fingerprint of a message: the one that the scan gives to a plain copy of it (`scan.fingerprint`)."""
    event = name_text(body.get("event")) if call == "track" else None
    names = [name_text(body.get(key)) for key in _NAME_KEYS]
    texts = [call, event, *(ids.get(key) for key in ("userId", "anonymousId", "groupId", "previousId")), *names]
    printed = [quoted(text or "")[1:-1] for text in texts]
    objects = [body.get(key) for key in ("context", "properties", "traits")]
    printed += [spelled(value) if isinstance(value, dict) else "" for value in objects]
    return xxhash.xxh64_intdigest("\x1f".join(printed).encode())


@dataclass(slots=True)
class Objects:
    """Builds the text of a message, without its id and times."""

    call: str
    body: dict[str, Any]
    settler: Settler
    losses: list[Loss]

    def members(self, ids: dict[str, str], walk: WalkRules) -> dict[str, Any]:
        """The keys and values of the text."""
        body = self.body
        root = payload_root(self.call, {key for key, value in body.items() if value is not None})
        payload = self._object(root)
        texts: dict[str, Any] = dict(ids)
        absorbed: set[str] = set()
        done = {"type", "messageId", *TIME_KEYS, "anonymousId", "userId", "context", REQUEST_IP, root, *ids}
        # In calls that have no column for them, bad ids are unknown keys like any other.
        done |= {"group": {"groupId"}, "alias": {"previousId"}}.get(self.call, set())
        if self.call == "track":
            done.add("event")
            texts |= self._event()
        elif self.call in ("page", "screen"):
            done |= set(_NAME_KEYS)
            names, absorbed = self._names(payload or {})
            texts |= names
        texts |= self._context()
        if payload is not None:
            texts[root] = self.settler.settle(root, {k: payload[k] for k in payload if k not in absorbed})
        elif self.call == "track" and body.get("properties") is not None and body.get("traits") is not None:
            # Without properties, the traits would be taken as the payload.
            texts[root] = {}
        wanted = {key: value for key, value in body.items() if key in EXCLUDED and key in walk.envelope}
        unknown = {key: value for key, value in body.items() if key not in EXCLUDED}
        for keys, keeps_text in ((wanted, False), (unknown, True)):
            texts |= readable({key: value for key, value in keys.items() if key not in done}, keeps_text)
        return texts

    def _object(self, key: str) -> dict[str, Any] | None:
        value = self.body.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.losses.append(Loss("not_an_object", (key,), compact(value)))
        return None

    def _event(self) -> dict[str, str]:
        value = self.body.get("event")
        text = name_text(value)
        if text is None and value is not None:
            self.losses.append(Loss("bad_event_name", ("event",), compact(value)))
        return {} if text is None else {"event": text}

    def _names(self, payload: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
        """Name and category, and those that need no further column in the payload."""
        names: dict[str, str] = {}
        absorbed: set[str] = set()
        for key in _NAME_KEYS:
            value, below = self.body.get(key), payload.get(key)
            top = name_text(value)
            inner = compact(below) if isinstance(below, list) else name_text(below)
            if top is None and value is not None:
                self.losses.append(Loss("bad_name", (key,), compact(value)))
            final = inner if top is None else top
            if final is not None:
                names[key] = final
                if inner == final:
                    absorbed.add(key)
        return names, absorbed

    def _context(self) -> dict[str, Any]:
        """The context, settled together with the sender's address, which fills two of its columns."""
        context = self._object("context")
        address = self.body.get(REQUEST_IP)
        if address is None:
            return {} if context is None else {"context": self.settler.settle("context", context)}
        whole = {**(context or {}), REQUEST_IP: address}
        fills_ip = whole.get("ip") is None
        if fills_ip:
            whole["ip"] = address
        whole = self.settler.settle("context", whole)
        if type(address) is not str or isinstance(whole.get("ip", {}), dict):
            # A number or an object takes the same care as every other value of the context. An address of the context
            # that is no longer in the text, or an object, would seem absent.
            return {"context": whole}
        del whole[REQUEST_IP]
        if fills_ip:
            del whole["ip"]
        return {REQUEST_IP: address} | ({} if context is None else {"context": whole})

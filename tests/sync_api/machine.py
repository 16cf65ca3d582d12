"""The protocol as a machine that Hypothesis drives: devices of one subject on three specs, a real application, and every fault at once."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import edgefold_reducer as ef
from edgefold_sync_api.database import reading
from edgefold_sync_api.store import Subject, read_subject
from edgefold_sync_api.sync import retire_replica
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .device import Device, Json, Storage, sent
from .site import BY_KEY, KEYS, bearer, restore, rows_of, server_of
from .specs import SPECS, TELLING, Covers, told_wrong

SUBJECT = "ada"
ROUNDS = 12
MAX_DEVICES = 4
EMPTY: dict[str, list[Any]] = {"subjects": [], "contributions": []}
FATES = ("arrives", "arrives", "request lost", "reply lost", "repeated", "delayed")

which = st.integers(0, 1_000)


class Protocol(RuleBasedStateMachine):
    """Every event has a key of its own, so that a loss shows as no count and a double count as 2.

    Either devices keep all rows, and anything goes back in time; or they lose the rows of what is acknowledged, and nothing does: without
    rows a device can't part its own events from what it shares with another.
    """

    app: ClassVar[Flask]
    keeps_rows: ClassVar[bool] = True

    @initialize(cloned=st.booleans())
    def start(self, cloned: bool) -> None:
        """Begin with an empty server and two devices: new ones, or two clones of one that has uploaded, or one that has."""
        restore(self.app, EMPTY)
        self.covers: dict[str, Covers] = {}
        self.retired: Covers = {}
        self.http = self.app.test_client()
        self.headers = bearer(SUBJECT)
        self.names = iter(f"{number:032x}" for number in range(1, 10_000))
        self.events = iter(range(len(KEYS)))
        self.devices = [self._new_device(), self._new_device()]
        self.copies: list[Storage] = []
        self.backups = [self._backup()]
        self.in_flight: list[Json] = []
        self.existing: set[int] = set()
        self.may_lose = False
        if cloned or not self.keeps_rows:
            self.track(0, 1)
            self.upload(0, 0, "arrives")
        if cloned and self.keeps_rows:
            self.devices[1] = Device(copy.deepcopy(self.devices[0].storage), self.names, self.devices[0].spec)
            self.backups.append(self._backup())

    def _new_device(self) -> Device:
        return Device(Storage(next(self.names)), self.names, SPECS[0])

    @precondition(lambda self: len(self.devices) < MAX_DEVICES)
    @rule()
    def join(self) -> None:
        """A new device comes."""
        self.devices.append(self._new_device())

    @rule(device=which, count=st.integers(1, 3))
    def track(self, device: int, count: int) -> None:
        """A device tracks events, as long as there are keys."""
        for number, _ in zip(self.events, range(count), strict=False):
            self._pick(self.devices, device).track(number)

    @rule(device=which, of=st.sampled_from(SPECS))
    def switch(self, device: int, of: ef.Spec) -> None:
        """A device goes on by another spec, or the same: it was deployed, or rolled back. Where rows may go, those acknowledged are gone."""
        if not self.keeps_rows:
            self._pick(self.devices, device).compact()
        self._pick(self.devices, device).switch(of)

    @rule(device=which, new=st.integers(0, 2), fate=st.sampled_from(FATES))
    def upload(self, device: int, new: int, fate: str) -> None:
        """A device tracks events, then sends its diff, which meets a fate."""
        self.track(device, new)
        sender = self._pick(self.devices, device)
        sealed = sender.sealed()
        if sealed is None:
            return
        request = copy.deepcopy(sealed)
        if fate == "delayed":
            self.in_flight.append(request)
        elif fate != "request lost":
            answer = self._post(request)
            if fate == "repeated":
                self._check_repeat(answer.json, self._post(request).json)
            if fate != "reply lost":
                self._receive(sender, answer)

    @rule(device=which)
    def download(self, device: int) -> None:
        """A device asks where it stands."""
        asker = self._pick(self.devices, device)
        asker.receive(self._get(asker))

    @precondition(lambda self: self.in_flight)
    @rule(request=which, again=st.booleans())
    def arrive_late(self, request: int, again: bool) -> None:
        """A delayed request arrives, in any order, for nobody who waits; it may come again."""
        late = self._pick(self.in_flight, request)
        if not again:
            self.in_flight.remove(late)
        self._post(late)

    @precondition(lambda self: self.keeps_rows)
    @rule()
    def back_up_server(self) -> None:
        """The database is copied."""
        self.backups.append(self._backup())

    @precondition(lambda self: self.keeps_rows)
    @rule(backup=which)
    def restore_server(self, backup: int) -> None:
        """The database goes back to a copy."""
        rows, covers, retired = copy.deepcopy(self._pick(self.backups, backup))
        restore(self.app, rows)
        self.covers, self.retired, self.may_lose = covers, retired, True

    @precondition(lambda self: self.keeps_rows)
    @rule(device=which)
    def copy_storage(self, device: int) -> None:
        """A device's storage is copied."""
        self.copies.append(copy.deepcopy(self._pick(self.devices, device).storage))

    @precondition(lambda self: self.copies)
    @rule(device=which, stored=which)
    def roll_back_device(self, device: int, stored: int) -> None:
        """A device's storage becomes a copy: an older one of its own, or one of another device."""
        self._pick(self.devices, device).storage = copy.deepcopy(self._pick(self.copies, stored))
        self.may_lose = True

    @precondition(lambda self: self.keeps_rows and len(self.devices) < MAX_DEVICES)
    @rule(device=which)
    def clone_device(self, device: int) -> None:
        """A second device goes on from the storage of the first."""
        first = self._pick(self.devices, device)
        self.devices.append(Device(copy.deepcopy(first.storage), self.names, first.spec))

    @rule(replica=which)
    def retire(self, replica: int) -> None:
        """The server retires a replica that it knows."""
        known = rows_of(self.app)["contributions"]
        if known:
            server, name = server_of(self.app), self._pick(known, replica)["replica"]
            retire_replica(server.engine, server.profiles, SUBJECT, name)
            for aggregate, numbers in self.covers.pop(name, {}).items():
                self.retired[aggregate] = self.retired.get(aggregate, []) + numbers

    @invariant()
    def nothing_is_counted_twice_or_vanishes(self) -> None:
        """The server counts every event once; one that exists is gone only after a restore or a rollback."""
        counts = self._server_counts()
        assert all(count == 1 for count in counts.values()), f"counted twice: {counts}"
        existing = self._existing()
        assert self.may_lose or existing >= self.existing, f"vanished: {self.existing - existing}"
        self.existing, self.may_lose = existing, False

    @invariant()
    def every_aggregate_is_whole_or_tells_since_when(self) -> None:
        """By each spec the server has the fold of all events, or tells since when; and it drops nothing that it ever counted."""
        held, server = self._held(), server_of(self.app)
        everything = {KEYS.index(key) for key in self._server_counts()}
        for of in SPECS:
            carried = server.profiles.carry(of, held.profiles())
            assert BY_KEY not in carried.since_ms, "every spec counts it"
            assert told_wrong(carried, everything) == []
        for name, known in held.replicas.items():
            self._check_kept(known.profile, self.covers.get(name, {}))
        self._check_kept(held.retired, self.retired)

    def _check_kept(self, text: str | None, covers: Covers) -> None:
        """An entry counts the events that some diff brought for it, and is incomplete only where there are more."""
        entries = {} if text is None else server_of(self.app).profiles.read(text).entries
        for aggregate in TELLING:
            entry, numbers = entries.get(aggregate), set(covers.get(aggregate, []))
            counted = {} if entry is None or entry.state is None else entry.state
            assert counted == {KEYS[number]: 1 for number in numbers}, f"{aggregate} is {counted}"
            if entry is not None and entry.since_ms is not None:
                assert numbers < set(covers[BY_KEY]), f"{aggregate} counts all, and tells since {entry.since_ms}"

    def teardown(self) -> None:
        """All faults stop; every device syncs until nothing changes. Server and devices then agree on all that existed."""
        if not hasattr(self, "devices"):
            return
        expected = self._existing()
        for _ in range(ROUNDS):
            before = self._picture()
            for device in self.devices:
                device.receive(self._get(device))
                sealed = device.sealed()
                if sealed is not None:
                    self._receive(device, self._post(sealed))
            if self._picture() == before:
                break
        else:
            raise AssertionError("a device is stuck")
        assert all(device.sealed() is None for device in self.devices)
        self.every_aggregate_is_whole_or_tells_since_when()
        assert {KEYS.index(key) for key in self._server_counts()} == expected
        for device in self.devices:
            assert told_wrong(device.carried(), expected) == []

    def _pick(self, among: list[Any], number: int) -> Any:
        return among[number % len(among)]

    def _post(self, diff: Json) -> Any:
        answer = self.http.post("/v1/diffs", json=sent(diff), headers=self.headers)
        outcome = answer.json.get("outcome") if answer.status_code == 200 else None
        before = self.covers.get(diff["replica"], {})
        if outcome == "applied":
            grown = {name: before.get(name, []) + numbers for name, numbers in diff["covers"].items()}
            self.covers[diff["replica"]] = before | grown
        elif outcome == "replaced":
            self.covers[diff["replica"]] = before | diff["covers"]
        return answer

    def _check_repeat(self, first: Json, second: Json) -> None:
        is_in = first["outcome"] in ("applied", "duplicate", "replaced")
        again = ("duplicate", "replaced") if is_in else (first["outcome"],)
        assert second["outcome"] in again, f"{first['outcome']}, then {second['outcome']}"
        assert (second["acked"], second["head"]) == (first["acked"], first["head"])

    def _receive(self, device: Device, answer: Any) -> None:
        if answer.status_code == 410:
            device.forget(answer.json["epoch"])
        else:
            assert answer.status_code == 200, answer.text
            device.receive(answer.json)

    def _get(self, device: Device) -> Json:
        query = f"replica={device.storage.replica}&spec={device.spec.id}"
        answer = self.http.get(f"/v1/profile?{query}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json
        return found

    def _held(self) -> Subject:
        with reading(server_of(self.app).engine) as connection:
            return read_subject(connection, SUBJECT)

    def _backup(self) -> Any:
        return copy.deepcopy((rows_of(self.app), self.covers, self.retired))

    def _server_counts(self) -> dict[str, int]:
        carried = server_of(self.app).profiles.carry(SPECS[0], self._held().profiles())
        counts: dict[str, int] = carried.profile.state.get(BY_KEY, {})
        return counts

    def _existing(self) -> set[int]:
        on_devices = {number for device in self.devices for number in device.storage.log}
        return on_devices | {KEYS.index(key) for key in self._server_counts()}

    def _picture(self) -> str:
        return repr([[device.storage for device in self.devices], rows_of(self.app)["contributions"]])


def machine_for(app: Flask, keeps_rows: bool = True) -> type[Protocol]:
    """Return the machine on an application."""
    return type("Protocol", (Protocol,), {"app": app, "keeps_rows": keeps_rows})

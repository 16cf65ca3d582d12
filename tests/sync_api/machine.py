"""The protocol as a machine that Hypothesis drives: devices of one subject, a real application, and every fault at once."""

from __future__ import annotations

import copy
import json
from typing import Any, ClassVar

import edgefold_reducer as ef
from edgefold_sync_api import profiles
from edgefold_sync_api.database import reading
from edgefold_sync_api.store import read_subject
from edgefold_sync_api.sync import retire_replica
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .device import Device, Json, Storage
from .site import BY_KEY, KEYS, bearer, restore, rows_of, server_of, spec, tick_event

SUBJECT = "ada"
ROUNDS = 12
MAX_DEVICES = 4
EMPTY: dict[str, list[Any]] = {"subjects": [], "contributions": []}
FATES = ("arrives", "arrives", "request lost", "reply lost", "repeated", "delayed")

which = st.integers(0, 1_000)


class Protocol(RuleBasedStateMachine):
    """Every event has a key of its own, so that a loss shows as no count and a double count as 2."""

    app: ClassVar[Flask]

    @initialize(cloned=st.booleans())
    def start(self, cloned: bool) -> None:
        """Begin with an empty server and two devices: new ones, or two clones of one that has uploaded."""
        restore(self.app, EMPTY)
        self.http = self.app.test_client()
        self.headers = bearer(SUBJECT)
        self.names = iter(f"{number:032x}" for number in range(1, 10_000))
        self.events = iter(range(len(KEYS)))
        self.devices = [self._new_device(), self._new_device()]
        self.copies: list[Storage] = []
        self.backups = [EMPTY]
        self.in_flight: list[Json] = []
        self.existing: set[int] = set()
        self.may_lose = False
        if cloned:
            self.track(0, 1)
            self.upload(0, "arrives")
            self.devices[1] = Device(copy.deepcopy(self.devices[0].storage), self.names)
            self.backups.append(rows_of(self.app))

    def _new_device(self) -> Device:
        return Device(Storage(next(self.names)), self.names)

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

    @rule(device=which, fate=st.sampled_from(FATES))
    def upload(self, device: int, fate: str) -> None:
        """A device sends its diff, which meets a fate."""
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

    @rule()
    def back_up_server(self) -> None:
        """The database is copied."""
        self.backups.append(rows_of(self.app))

    @rule(backup=which)
    def restore_server(self, backup: int) -> None:
        """The database goes back to a copy."""
        restore(self.app, self._pick(self.backups, backup))
        self.may_lose = True

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

    @precondition(lambda self: len(self.devices) < MAX_DEVICES)
    @rule(device=which)
    def clone_device(self, device: int) -> None:
        """A second device goes on from the storage of the first."""
        self.devices.append(Device(copy.deepcopy(self._pick(self.devices, device).storage), self.names))

    @rule(replica=which)
    def retire(self, replica: int) -> None:
        """The server retires a replica that it knows."""
        known = rows_of(self.app)["contributions"]
        if known:
            server = server_of(self.app)
            retire_replica(server.engine, server.catalogue.newest, SUBJECT, self._pick(known, replica)["replica"])

    @invariant()
    def nothing_is_counted_twice_or_vanishes(self) -> None:
        """The server counts every event once; one that exists is gone only after a restore or a rollback."""
        counts = self._server_counts()
        assert all(count == 1 for count in counts.values()), f"counted twice: {counts}"
        existing = self._existing()
        assert self.may_lose or existing >= self.existing, f"vanished: {self.existing - existing}"
        self.existing, self.may_lose = existing, False

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
        whole = ef.fold(spec, [tick_event(number) for number in expected]).to_json()
        assert self._server_profile().to_json() == whole
        for device in self.devices:
            assert device.profile() == whole

    def _pick(self, among: list[Any], number: int) -> Any:
        return among[number % len(among)]

    def _post(self, diff: Json) -> Any:
        return self.http.post("/v1/diffs", json=diff, headers=self.headers)

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
        answer = self.http.get(f"/v1/profile?replica={device.storage.replica}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json
        return found

    def _server_profile(self) -> ef.Profile:
        with reading(server_of(self.app).engine) as connection:
            return profiles.merge_all(spec, read_subject(connection, SUBJECT).profiles())

    def _server_counts(self) -> dict[str, int]:
        counts: dict[str, int] = self._server_profile().state.get(BY_KEY, {})
        return counts

    def _existing(self) -> set[int]:
        on_devices = {number for device in self.devices for number in device.storage.log}
        return on_devices | {KEYS.index(key) for key in self._server_counts()}

    def _picture(self) -> str:
        storages = [device.storage.__dict__ for device in self.devices]
        return json.dumps([storages, [row["recent"] for row in rows_of(self.app)["contributions"]]])


def machine_for(app: Flask) -> type[Protocol]:
    """Return the machine on an application."""
    return type("Protocol", (Protocol,), {"app": app})

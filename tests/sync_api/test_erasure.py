"""An erased subject stays erased: on a device that was offline, in a restored server, and in an import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from edgefold_sync_api.bulk import import_profiles
from edgefold_sync_api.diff import MAX_EPOCH
from flask import Flask
from flask.testing import FlaskClient

from .device import Device, Storage, sent
from .site import BY_KEY, bearer, diff_of, make_app, restore, rows_of, spec


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def post(http: FlaskClient, diff: dict[str, object]) -> tuple[int, dict[str, object]]:
    answer = http.post("/v1/diffs", json=diff, headers=bearer())
    found: dict[str, object] = answer.json
    return answer.status_code, found


def erase(http: FlaskClient) -> int:
    epoch: int = http.delete("/v1/profile", headers=bearer()).json["epoch"]
    return epoch


def exported(http: FlaskClient) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = http.get("/v1/profile/export", headers=bearer()).json
    return found


def test_only_a_tombstone_with_the_next_epoch_stays(app: Flask, http: FlaskClient) -> None:
    post(http, diff_of([1, 2]))
    assert erase(http) == 1
    (row,) = rows_of(app)["subjects"]
    assert rows_of(app)["contributions"] == []
    assert (row["epoch"], row["imported"], row["retired"], row["attributes"]) == (1, None, None, "{}")
    assert erase(http) == 2


def test_a_diff_of_an_earlier_epoch_is_refused_with_the_current_one(app: Flask, http: FlaskClient) -> None:
    erase(http)
    before = rows_of(app)
    status, problem = post(http, diff_of([1, 2]))
    assert (status, problem["name"], problem["epoch"]) == (410, "SubjectErased", 1)
    assert rows_of(app) == before


def test_a_device_that_was_offline_forgets_and_goes_on_in_the_new_epoch(http: FlaskClient) -> None:
    names: Iterator[str] = iter(f"{number:032x}" for number in range(9))
    device = Device(Storage(next(names)), names)
    device.receive(http.get(f"/v1/profile?replica={device.storage.replica}", headers=bearer()).json)
    device.track(1)
    sealed = device.sealed()
    erase(http)
    status, problem = post(http, sent(sealed or {}))
    assert status == 410
    device.forget(int(str(problem["epoch"])))
    device.track(2)
    status, answer = post(http, sent(device.sealed() or {}))
    assert (status, answer["outcome"], answer["epoch"]) == (200, "applied", 1)
    assert exported(http)["profile"]["state"][BY_KEY] == {"k2": 1}  # type: ignore[index]  # of the export's JSON


@pytest.mark.parametrize("late", [{"first": 1}, {"first": 3, "prev": "event001"}])
def test_a_server_restored_to_before_an_erasure_erases_again(
    app: Flask, http: FlaskClient, late: dict[str, object]
) -> None:
    post(http, diff_of([1, 2]))
    before = rows_of(app)
    erase(http)
    restore(app, before)
    status, answer = post(http, diff_of([3], epoch=1, replica="f" * 32, **late))  # type: ignore[arg-type]
    assert (status, answer["epoch"], answer["outcome"]) == (200, 1, "applied" if late["first"] == 1 else "gap")
    assert list(exported(http)["contributions"]) == (["f" * 32] if late["first"] == 1 else [])
    assert exported(http)["epoch"] == 1


def test_an_import_passes_an_erased_subject_over(app: Flask, http: FlaskClient) -> None:
    profile = diff_of([1, 2])["delta"]
    erase(http)
    assert import_profiles(app, [("ada", profile), ("bob", profile)]) == 1
    assert exported(http)["base"]["state"] == {}
    assert exported(http)["spec"] == spec.id


def test_the_largest_epoch_of_a_diff_still_leaves_room_to_erase(http: FlaskClient) -> None:
    assert post(http, diff_of([1], epoch=MAX_EPOCH))[0] == 200
    assert erase(http) == MAX_EPOCH + 1

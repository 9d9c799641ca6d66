"""The release appears whole or not at all, whatever ends the stage that writes it."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from actions.plan.gone import rows_of_the_gone
from core.errors import EnvironmentProblem
from core.files import AGREEMENTS, CONTACT_DETAILS, HISTORIES, OBJECTIONS, only_one
from pipelines import stage
from pipelines.basis import write_histories
from pipelines.release import (
    LOCK,
    join_cards,
    main,
    restore,
    swap,
    with_names,
    write_answers,
    write_contact_details,
)
from serving.live.basis import Basis

# Runs the stage again and again with another input each time, and kills it, as kill -9 does, at
# its first change of anything on disk, then at a later one, and so on until it comes to its end.
# Around the swap that is each of them; files that are whole by then come of a folder made before.
KILLED_EVERYWHERE = """
import json, os, shutil, signal, sys
from itertools import chain, count
import pyarrow.parquet
from core.files import check_manifest, hashes, read_json, version, write_manifest
from pipelines import release, stage

MADE = stage.DATA / ".made"
SEEN = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.utime", "ctypes.dlsym")

def writes(event, arguments):
    if event == "open":
        return "data/" in str(arguments[0]) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    return event in SEEN

def run_until(moment, counted=None):
    seen = 0
    def hook(event, arguments):
        nonlocal seen
        if writes(event, arguments):
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    sys.stdout = open(os.devnull, "w")
    release.main()
    if counted:
        os.write(counted, str(seen).encode())
    os._exit(0)

def as_made(folder):
    shutil.copytree(MADE, folder)
    shutil.copy(stage.PLAN_SUMMARY, folder / "plan.json")
    facts, files = read_json(folder / "manifest.json"), hashes(folder)
    write_manifest(folder, files, **facts | {"release_id": version({"files": files})})

def ended(moment, counted=None):
    stage.PLAN_SUMMARY.write_text(json.dumps(summary | {"moment": moment}))
    child = os.fork()
    if not child:
        run_until(moment, counted)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

summary = json.loads(stage.PLAN_SUMMARY.read_text())
reads, counted = os.pipe()
assert ended(0, counted) == 0
moments = int(os.read(reads, 10))
shutil.copytree(stage.RELEASE, MADE)
written, found = release.write, []
release.write = as_made
assert ended(0, counted) == 0
last = int(os.read(reads, 10))
stood = check_manifest(stage.RELEASE)["release_id"]
early = ((moment, written) for moment in range(1, moments - 65, 30))
late = ((moment, as_made) for moment in count(last - 65))
for moment, release.write in chain(early, late):
    shutil.rmtree(release.NEW, ignore_errors=True)  # so that each run begins alike
    code = ended(moment)
    assert code in (0, -signal.SIGKILL), code
    ended_well = code == 0
    manifest = check_manifest(stage.RELEASE)  # whole: every file is what the manifest says
    told = json.loads((stage.RELEASE / "plan.json").read_text()).get("moment")
    found.append("new" if told == moment else "old" if manifest["release_id"] == stood else "?")
    stood = manifest["release_id"]
    if ended_well:
        break
release.write = written
assert ended(moments // 2) == -signal.SIGKILL
assert ended(0) == 0  # the next run needs nothing of what a killed one left
print(json.dumps(found))
"""
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = ["release"]
runpy.run_module("pipelines.release", run_name="__main__")
"""


def folder(path, text):
    path.mkdir(parents=True)
    (path / "file").write_text(text)
    return path


@pytest.mark.parametrize("atomic", [True, False], ids=["in one step", "in two renames"])
def test_the_new_folder_takes_the_place_of_the_old(tmp_path, monkeypatch, atomic):
    monkeypatch.chdir(tmp_path)
    if not atomic:
        monkeypatch.setattr("pipelines.release._exchange", lambda *_: False)
    new, current = folder(tmp_path / "data" / "new", "new"), tmp_path / "data" / "release"
    swap(new, current)
    assert (current / "file").read_text() == "new"
    swap(folder(new, "newer"), current)
    assert (current / "file").read_text() == "newer"
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["release"]


def test_a_release_that_was_moved_away_when_the_run_ended_is_brought_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "data" / ".release-old", "old")
    restore()
    assert (tmp_path / "data" / "release" / "file").read_text() == "old"
    folder(tmp_path / "data" / ".release-old", "older")
    restore()
    assert (tmp_path / "data" / "release" / "file").read_text() == "old"
    assert not (tmp_path / "data" / ".release-old").exists()


def test_two_runs_do_not_write_one_release_at_the_same_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "data" / ".release-new", "half written by the other run")
    with (
        only_one(LOCK, EnvironmentProblem("nobody else holds it")),
        pytest.raises(EnvironmentProblem, match="Another run is writing a release"),
    ):
        main()
    assert (tmp_path / "data" / ".release-new" / "file").exists()


def test_who_agrees_and_who_objects_is_written_with_the_time_of_the_newest_answer(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(stage, "TABLES", tmp_path)
    write_answers(tmp_path)
    assert not (tmp_path / AGREEMENTS).exists()
    assert len(pd.read_parquet(tmp_path / OBJECTIONS)) == 0
    answers = [
        ("agrees", "profiling", 1, True),
        ("agrees", "profiling", 3, True),
        ("agrees", "profiling", 2, False),
        ("objects", "profiling", 1, True),
        ("objects", "profiling", 2, False),
        ("both at once", "profiling", 1, True),
        ("both at once", "profiling", 1, False),
        ("of e-mail", None, 1, True),
    ]
    rows = [
        {
            "customer_id": who,
            "channel": "all",
            "event_time": pd.Timestamp(2024, 1, day),
            "granted": granted,
            "purpose": purpose,
        }
        for who, purpose, day, granted in answers
    ]
    pd.DataFrame(rows).astype({"event_time": "datetime64[us]"}).to_parquet(
        tmp_path / "consents.parquet", index=False
    )
    write_answers(tmp_path)
    objected = pd.read_parquet(tmp_path / OBJECTIONS)
    assert dict(zip(objected["customer_id"], objected["objected_at"], strict=True)) == {
        "both at once": pd.Timestamp(2024, 1, 1),
        "objects": pd.Timestamp(2024, 1, 2),
    }
    [row] = pd.read_parquet(tmp_path / AGREEMENTS).to_dict("records")
    assert row == {"customer_id": "agrees", "agreed_at": pd.Timestamp(2024, 1, 3)}


def test_histories_are_of_everybody_but_who_objects(tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "TABLES", tmp_path)
    schema = {"customer_id": "string", "email": "string", "kind": "string"}
    monkeypatch.setattr(Basis, "load", lambda _: SimpleNamespace(schemas={"events": schema}))
    visits = {"customer_id": ["c", "objects", "b"], "email": ["@"] * 3, "kind": ["visit"] * 3}
    pd.DataFrame(visits).to_parquet(tmp_path / "events.parquet", index=False)
    pd.DataFrame({"customer_id": ["objects"]}).to_parquet(tmp_path / OBJECTIONS, index=False)
    write_histories(tmp_path)
    kept = pd.read_parquet(tmp_path / HISTORIES / "events.parquet")
    assert kept.to_dict("list") == {"customer_id": ["b", "c"], "kind": ["visit", "visit"]}


def test_phone_and_email_are_written_of_those_with_a_card_and_beside_it(tmp_path):
    people = {"customer_id": ["c", "b", "gone", "a"], "email": ["c@d.e", None, "x@y.z", None]}
    customers = pd.DataFrame({**people, "phone": ["1", "2", "3", None], "name": "N"})
    write_contact_details(tmp_path, pd.Series(["a", "b", "c"]), customers)
    kept = pd.read_parquet(tmp_path / CONTACT_DETAILS)
    assert kept["customer_id"].tolist() == ["b", "c"]
    assert kept["phone"].tolist() == ["2", "1"] and "name" not in kept
    cards = with_names(pd.DataFrame({"customer_id": ["a"]}), customers)
    assert list(cards) == ["customer_id", "name"]
    (tmp_path / CONTACT_DETAILS).unlink()
    write_contact_details(tmp_path, pd.Series(["a"]), customers.drop(columns=["email", "phone"]))
    assert not (tmp_path / CONTACT_DETAILS).exists()


def test_a_card_without_a_plan_has_empty_fields_and_none_is_lost_or_doubled():
    scores = pd.DataFrame({"customer_id": ["a", "b"], "as_of_date": 1, "churn_risk": [0.5, None]})
    plan = pd.DataFrame({"customer_id": ["a"], "as_of_date": 1, "intended_action": "call"})
    cards = join_cards(scores, plan)
    assert cards["customer_id"].tolist() == ["a", "b"]
    assert cards["intended_action"].isna().tolist() == [False, True]
    with pytest.raises(pd.errors.MergeError):
        join_cards(scores, pd.concat([plan, plan]))


def test_the_card_of_who_has_left_says_that_every_action_is_blocked_by_that():
    scores = pd.DataFrame({"customer_id": ["a", "b"], "status": ["scored", "already_churned"]})
    rows = rows_of_the_gone(scores, ["mail", "call"])
    assert rows["customer_id"].tolist() == ["b"]
    assert rows["intended_action"].tolist() == ["do_nothing"]
    assert [one["reason"] for one in rows["blocked"].iloc[0]] == ["already_churned"] * 2
    assert rows_of_the_gone(scores.head(1), ["mail"]).empty


@pytest.mark.slow
@pytest.mark.xdist_group("end_to_end")
def test_killed_at_any_moment_the_stage_leaves_a_whole_release(copied):
    done = copied.python("-c", KILLED_EVERYWHERE)
    assert done.code == 0, done.text
    found = json.loads(done.text.splitlines()[-1])
    assert len(found) > 26
    assert set(found) == {"old", "new"}
    assert found == sorted(found, key=["old", "new"].index)  # the old one up to the swap
    assert found[-1] == "new"
    left = {path.name for path in (copied.folder / "data").iterdir()}
    assert not left & {".release-new", ".release-old"}


@pytest.mark.slow
@pytest.mark.xdist_group("end_to_end")
def test_a_full_disk_leaves_the_old_release_and_says_what_to_do(copied):
    before = copied.manifest()
    sizes = sorted(path.stat().st_size for path in copied.release.rglob("*") if path.is_file())
    for room in (0, sizes[-2] - 1, sizes[-1] - 1):  # for nothing, for all but two files, but one
        done = copied.python("-c", LIMITED.format(limit=room))
        assert done.code == 1, done.text
        assert "EnvironmentProblem: The disk is full" in done.text
        assert "The last release is whole and stays in force. Free some space" in done.text
        assert "Traceback" not in done.text
        assert copied.manifest() == before
        assert not (copied.folder / "data" / ".release-new").exists()
    assert copied.python("-m", "pipelines.release").code == 0  # once there is room
    assert copied.manifest() == before

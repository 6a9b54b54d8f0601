"""Sessions that are kept for later runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from access.switch.roles import Role
from access.switch.sessions import Choices
from tests.support.fake_sts import ARN, DEVICE, Aws, refused, session
from tests.unit.conftest import REPOSITORY


class TestKept:
    def test_a_second_run_makes_no_calls(self, aws: Aws) -> None:
        first, second = session(), session()
        assert first == second
        assert aws.actions == ["GetCallerIdentity", "AssumeRole"]

    def test_a_second_run_does_not_load_botocore(self, aws: Aws) -> None:
        """Loading it takes longer than all the rest of a switch."""
        session()
        run = f"import sys; from access.__main__ import main; main(['credential-process', {ARN!r}])"
        code = f"{run}; sys.exit('botocore.session' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["AccessKeyId"] == "ASIA1"

    def test_no_cache(self, aws: Aws, tmp_path: Path) -> None:
        session(Choices(keep=False))
        assert session(Choices(keep=False)).access_key_id == "ASIA2"
        assert session().access_key_id == "ASIA3"
        # The owner of a key is cached all the same.
        assert aws.actions.count("GetCallerIdentity") == 1

    def test_no_cache_replaces_a_kept_session(self, aws: Aws) -> None:
        session()
        assert session(Choices(keep=False)).access_key_id == session().access_key_id == "ASIA2"

    def test_sessions_are_replaced_five_minutes_early(self, aws: Aws) -> None:
        aws.seconds = 5 * 60 + 1
        session()
        assert session().access_key_id == "ASIA1"
        aws.seconds = 5 * 60 - 1
        session(Choices(duration=900))
        assert session(Choices(duration=900)).access_key_id == "ASIA3"

    @pytest.mark.parametrize(
        "choices",
        [
            Choices(external_id="an-external-id"),
            Choices(source_identity="David"),
            Choices(session_name="Dave"),
            Choices(duration=900),
            Choices(policy="{}"),
            Choices(tags={"team": "a"}),
        ],
    )
    def test_one_session_for_each_set_of_options(self, aws: Aws, choices: Choices) -> None:
        assert session().access_key_id == "ASIA1"
        assert session(choices).access_key_id == "ASIA2"
        assert session(choices).access_key_id == "ASIA2"
        assert session().access_key_id == "ASIA1"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
            ("AWS_ENDPOINT_URL_STS", ""),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
        ],
    )
    def test_one_session_for_each_source(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        session(Choices(session_name="David"))
        monkeypatch.setenv(name, value or os.environ["AWS_ENDPOINT_URL"])
        assert session(Choices(session_name="David")).access_key_id == "ASIA2"

    def test_the_owner_of_a_key_is_cached_for_each_endpoint(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        session()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", os.environ["AWS_ENDPOINT_URL"])
        aws.caller = "arn:aws:iam::222222222222:user/Mallory"
        session()
        assert aws.asked[-1]["RoleSessionName"] == "Mallory"

    def test_one_session_for_each_role_and_device(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("access.terminal.ask_for_code", lambda serial: "123456")
        session()
        assert session(role=Role(f"{ARN}2", "UpdateApp")).access_key_id == "ASIA2"
        assert session(Choices(mfa_serial=DEVICE)).access_key_id == "ASIA3"
        assert session(Choices(mfa_serial=f"{DEVICE}2")).access_key_id == "ASIA4"
        assert session(role=Role(ARN, "UpdateApp", requires_mfa=True)).access_key_id == "ASIA5"

    def test_files_hold_only_the_session(self, aws: Aws, tmp_path: Path) -> None:
        session(Choices(external_id="an-external-id"))
        written = "".join(f"{file} {file.read_text()}" for file in (tmp_path / "cache").rglob("*") if file.is_file())
        assert "secret-of-the-session" in written
        assert "secret-to-start-from" not in written
        assert "an-external-id" not in written

    def test_a_folder_that_others_may_change_is_refused(self, aws: Aws, tmp_path: Path) -> None:
        session()
        (tmp_path / "cache" / "cross-account-access").chmod(0o777)
        assert "others can change " in refused()
        assert session(Choices(keep=False)).access_key_id == "ASIA2"

    def test_files_of_another_version_are_ignored(self, aws: Aws, tmp_path: Path) -> None:
        session()
        for file in (tmp_path / "cache" / "cross-account-access").iterdir():
            file.write_text(file.read_text().replace("secretAccessKey", "secret").replace("arn", "who"))
        assert session().access_key_id == "ASIA2"
        assert aws.actions.count("GetCallerIdentity") == 2

"""A profile that is put into ``~/.aws/config`` disturbs nothing else in it."""

import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import botocore.session
import pytest
from botocore.exceptions import ConfigParseError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from access.errors import AccessError
from access.switch.config_file import merged, read_profiles, render, write_profile

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
NEW = {"role_arn": ARN, "source_profile": "default", "role_session_name": "David"}
SOME = settings(derandomize=True, max_examples=100, deadline=None)

BLOCK = """\
[profile UpdateApp]
role_arn = arn:aws:iam::999999999999:role/UpdateApp
source_profile = default
role_session_name = David
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the profiles are; the file is not there yet."""
    path = tmp_path / "aws" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


def as_botocore_reads(path: Path) -> dict[str, dict[str, str]]:
    session = botocore.session.Session()
    session.set_config_variable("config_file", str(path))
    session.set_config_variable("credentials_file", "/nonexistent")
    profiles: dict[str, dict[str, str]] = session.full_config["profiles"]
    return profiles


def test_a_new_file_is_its_owners_alone(config: Path) -> None:
    write_profile("UpdateApp", NEW)
    assert config.read_text() == BLOCK == render("UpdateApp", NEW)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert as_botocore_reads(config) == {"UpdateApp": NEW}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("[default]\nregion = us-east-1", f"[default]\nregion = us-east-1\n\n{BLOCK}"),
        ("[default]\r\nregion = x\r\n", "[default]\r\nregion = x\r\n\r\n" + BLOCK.replace("\n", "\r\n")),
        ("# mine\n\n", f"# mine\n\n{BLOCK}"),
        (
            # What the profile has beside, and the comment of the next one, stay where they are.
            f"[profile UpdateApp]\n# why\nrole_arn: {ARN}\noutput=json\n\n# next\n[default]\n",
            f"[profile UpdateApp]\n# why\nrole_arn = {ARN}\noutput=json\nsource_profile = default\n"
            "role_session_name = David\n\n# next\n[default]\n",
        ),
        (
            # A profile may have only one of the two, and a setting may go on in further lines.
            f"[profile UpdateApp]\ncredential_source = Environment\nrole_arn =\n\n  {ARN}\ns3 =\n  a = 1\n",
            f"[profile UpdateApp]\nrole_arn = {ARN}\n\ns3 =\n  a = 1\nsource_profile = default\n"
            "role_session_name = David\n",
        ),
        (f'[profile "UpdateApp"]\nrole_arn = {ARN}', f'[profile "UpdateApp"]\n{BLOCK.split(chr(10), 1)[1]}'),
    ],
    ids=["empty", "no line end", "Windows", "comment", "own comments", "further lines", "quoted"],
)
def test_merged(config: Path, before: str, after: str) -> None:
    assert merged(before, "UpdateApp", NEW) == after
    assert merged(after, "UpdateApp", NEW) == after
    config.parent.mkdir()
    config.write_bytes(after.encode())
    assert as_botocore_reads(config)["UpdateApp"].items() >= NEW.items()


@st.composite
def config_texts(draw: DrawFn) -> tuple[str, str]:
    """What stands before and after a profile, each a run of whole sections, comments and blank lines."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    word = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
    value = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12)
    names = iter(draw(st.lists(word.filter(lambda name: name != "ours"), min_size=6, max_size=6, unique=True)))

    def lines() -> list[str]:
        made = []
        for _ in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(["profile {}", 'profile "{}"', "profile   {}", "services {}"]))
            made.append(f"[{kind.format(next(names))}]" + draw(st.sampled_from(["", " ; mine", "  "])))
            for key in draw(st.lists(word, max_size=3, unique=True)):
                made.append(f"{key}{draw(st.sampled_from(['=', ' = ', ':']))}{draw(value)}")
                made += draw(
                    st.lists(st.sampled_from(["", "# [profile ours]", "; x = y", "  nested = [a]", "   "]), max_size=3)
                )
        return made

    top = draw(st.lists(st.sampled_from(["", "# mine", "; mine"]), max_size=2))
    joined = [newline.join([*part, ""]) if part else "" for part in ([*top, *lines()], lines())]
    return joined[0], joined[1]


@SOME
@given(config_texts())
def test_the_rest_of_the_file_stays_byte_for_byte(texts: tuple[str, str]) -> None:
    before, after = texts
    appended = merged(before + after, "ours", NEW)
    assert appended.startswith(before + after)
    assert appended.removeprefix(before + after).lstrip("\r\n").replace("\r\n", "\n") == render("ours", NEW)
    # In place of one that is there: what is before its first line and after its last stays.
    own = "[profile ours]\nrole_session_name = Mallory\nrole_arn = x\nregion = here\n"
    changed = merged(before + own + after, "ours", NEW)
    assert changed.startswith(before + "[profile ours]")
    assert changed.endswith(after)
    between = changed.removeprefix(before).removesuffix(after) if after else changed.removeprefix(before)
    newline = "\r\n" if "\r\n" in before + after else "\n"
    assert between.replace(newline, "\n") == (
        f"[profile ours]\nrole_session_name = David\nrole_arn = {ARN}\nregion = here\nsource_profile = default\n"
    )


@settings(SOME, max_examples=25)
@given(config_texts())
def test_aws_tools_read_the_rest_as_before(texts: tuple[str, str]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "config"
        path.write_bytes("".join(texts).encode())
        patch.setenv("AWS_CONFIG_FILE", str(path))
        try:
            before = as_botocore_reads(path)
        except ConfigParseError:
            with pytest.raises(AccessError, match=r"can't be (understood|changed)"):
                write_profile("ours", NEW)
            assert path.read_bytes() == "".join(texts).encode()
            return
        write_profile("ours", NEW)
        assert as_botocore_reads(path) == {**before, "ours": NEW}
        assert set(read_profiles()) == {*before, "ours"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[profile UpdateApp]\nregion = x\n", "that is something else; choose another name with --name"),
        ("[profile UpdateApp]\nrole_arn = arn:aws:iam::1:role/Other\n", "that is something else"),
        ("[default]\nno sense\n", "can't be understood: line 2"),
        ("[default]\n[default]\n", r"can't be understood: line 2 \(DuplicateSectionError\)"),
        # configparser takes the second line, and botocore with it, for a header; it is too unusual to be changed.
        (
            f"  [profile UpdateApp]\n  role_arn = {ARN}\n  region = x\n",
            "can't be changed safely; add the profile by hand",
        ),
    ],
)
def test_what_is_not_understood_is_left_alone(config: Path, text: str, reason: str) -> None:
    config.parent.mkdir()
    config.write_text(text)
    with pytest.raises(AccessError, match=reason):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == text
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_an_error_shows_nothing_of_the_file(config: Path) -> None:
    config.parent.mkdir()
    config.write_text("[default]\nwJalrXUtnFEMI/K7MDENG\n")
    with pytest.raises(AccessError) as caught:
        read_profiles()
    assert "wJalr" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_mode_and_link_are_kept(config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    real = tmp_path / "dotfiles" / "aws-config"
    real.parent.mkdir()
    real.write_bytes(b"[default]\nregion = \xff\n")  # not UTF-8, and not ours to mend
    real.chmod(0o640)
    config.symlink_to(real)
    write_profile("UpdateApp", NEW)
    assert config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_bytes() == b"[default]\nregion = \xff\n\n" + BLOCK.encode()
    assert [file.name for file in real.parent.iterdir()] == ["aws-config"]


def test_a_file_that_can_not_be_written_stays(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.parent.mkdir()
    config.write_text("[default]\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AccessError, match="can't be written: No space left on device"):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == "[default]\n"
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_a_name_with_blanks_is_quoted(config: Path) -> None:
    write_profile("my app", NEW)
    assert as_botocore_reads(config) == {"my app": NEW} == read_profiles()

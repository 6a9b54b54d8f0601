"""Writing a profile to ``~/.aws/config`` changes nothing else in the file."""

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import botocore.session
import pytest
from botocore.exceptions import ConfigParseError
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from access.errors import AccessError
from access.switch.config_file import merged, read_profiles, render, write_profile

ARN = "arn:aws:iam::999999999999:role/UpdateApp"
NEW = {"role_arn": ARN, "source_profile": "default", "role_session_name": "David"}
REPOSITORY = Path(__file__).parents[4]
SOME = settings(derandomize=True, max_examples=100, deadline=None)

BLOCK = """\
[profile UpdateApp]
role_arn = arn:aws:iam::999999999999:role/UpdateApp
source_profile = default
role_session_name = David
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the file, which does not exist yet."""
    path = tmp_path / "aws" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return path


def botocore_profiles(path: Path) -> dict[str, dict[str, str]]:
    session = botocore.session.Session()
    session.set_config_variable("config_file", str(path))
    session.set_config_variable("credentials_file", "/nonexistent")
    profiles: dict[str, dict[str, str]] = session.full_config["profiles"]
    return profiles


def test_only_the_owner_can_read_a_new_file(config: Path) -> None:
    write_profile("UpdateApp", NEW)
    assert config.read_text() == BLOCK == render("UpdateApp", NEW)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert botocore_profiles(config) == {"UpdateApp": NEW}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("[default]\nregion = us-east-1", f"[default]\nregion = us-east-1\n\n{BLOCK}"),
        ("[default]\r\nregion = x\r\n", "[default]\r\nregion = x\r\n\r\n" + BLOCK.replace("\n", "\r\n")),
        ("# mine\n\n", f"# mine\n\n{BLOCK}"),
        (
            # Other settings, and the comment of the next profile, stay in place.
            f"[profile UpdateApp]\n# why\nrole_arn: {ARN}\noutput=json\n\n# next\n[default]\n",
            f"[profile UpdateApp]\n# why\nrole_arn: {ARN}\noutput=json\nsource_profile = default\n"
            "role_session_name = David\n\n# next\n[default]\n",
        ),
        (
            # A profile may have only one of these two, and a setting may continue on further lines.
            f"[profile UpdateApp]\ncredential_source = Environment\nrole_arn =\n\n  {ARN}\ns3 =\n  a = 1\n",
            f"[profile UpdateApp]\nrole_arn = {ARN}\n\ns3 =\n  a = 1\nsource_profile = default\n"
            "role_session_name = David\n",
        ),
        (
            # Hand-kept files are often indented; continuation lines are deeper.
            "  [profile UpdateApp]\n  role_arn = x\n    y\n  # mine\n  region = z\n\n  [default]\n  a = b\n",
            f"  [profile UpdateApp]\n  role_arn = {ARN}\n  # mine\n  region = z\n  source_profile = default\n"
            "  role_session_name = David\n\n  [default]\n  a = b\n",
        ),
        (f'[profile "UpdateApp"]\nrole_arn = {ARN}', f'[profile "UpdateApp"]\n{BLOCK.split(chr(10), 1)[1]}'),
    ],
    ids=["empty", "no line end", "Windows", "comment", "own comments", "further lines", "indented", "quoted"],
)
def test_merge(config: Path, before: str, after: str) -> None:
    assert merged(before, "UpdateApp", NEW) == after
    assert merged(after, "UpdateApp", NEW) == after
    config.parent.mkdir()
    config.write_bytes(after.encode())
    assert botocore_profiles(config)["UpdateApp"].items() >= NEW.items()


@st.composite
def config_texts(draw: DrawFn) -> tuple[str, str]:
    """Draw the text before and after a profile: whole sections, comments and blank lines."""
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
def test_the_rest_of_the_file_is_unchanged(texts: tuple[str, str]) -> None:
    before, after = texts
    appended = merged(before + after, "ours", NEW)
    assert appended.startswith(before + after)
    assert appended.removeprefix(before + after).lstrip("\r\n").replace("\r\n", "\n") == render("ours", NEW)
    # An existing profile: the text before and after it stays.
    own = "[profile ours]\nrole_session_name = Mallory\nrole_arn = x\nregion = here\n"
    changed = merged(before + own + after, "ours", NEW)
    assert changed.startswith(before + "[profile ours]")
    assert changed.endswith(after)
    between = changed.removeprefix(before).removesuffix(after) if after else changed.removeprefix(before)
    newline = "\r\n" if "\r\n" in before + after else "\n"
    assert between.replace(newline, "\n") == (
        f"[profile ours]\nrole_session_name = David\nrole_arn = {ARN}\nregion = here\nsource_profile = default\n"
    )


@settings(SOME, max_examples=50)
@given(config_texts(), st.data())
def test_the_rest_of_the_profile_is_unchanged(texts: tuple[str, str], data: st.DataObject) -> None:
    """In any style, also if nothing has to change."""
    before, after = texts
    indent = data.draw(st.sampled_from(["", "  ", "\t"]))
    between = st.sampled_from(
        ["", "# mine", f"{indent}; mine", f"{indent}output=json", f"{indent}s3 =\n{indent}  a = b"]
    )
    there = {key: data.draw(st.sampled_from([None, value, "old"])) for key, value in NEW.items()}
    lines: list[tuple[str, bool]] = []
    for key, value in there.items():
        lines.append((data.draw(between), True))
        if value:
            sign = data.draw(st.sampled_from(["=", " = ", ": "]))
            spelled = data.draw(st.sampled_from([key, key.upper()]))
            lines.append((f"{indent}{spelled}{sign}{value}", value == NEW[key]))
    assume(
        not indent or any(re.match(f"{indent}[^;#]", line) for line, _ in lines)
    )  # otherwise nothing shows the style
    assume(len({line for line, _ in lines if "=" in line}) == len([line for line, _ in lines if "=" in line]))
    text = "".join(f"{line}\n" for line, _ in lines)
    changed = merged(f"{before}[profile ours]\n{text}{after}", "ours", NEW)
    assert changed.startswith(f"{before}[profile ours]\n")
    assert changed.endswith(after)
    found = changed.removeprefix(f"{before}[profile ours]\n")
    found_lines = re.split("\r?\n", found.removesuffix(after) if after else found)
    kept = [part for line, stays in lines if stays for part in line.split("\n")]
    written = [f"{indent}{key} = {value}" for key, value in NEW.items() if there[key] != value]
    assert sorted(found_lines) == sorted([*kept, *written, ""])
    assert [line for line in found_lines if line in kept] == kept or "" in kept


@settings(SOME, max_examples=25)
@given(config_texts())
def test_aws_tools_read_the_rest_as_before(texts: tuple[str, str]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "config"
        path.write_bytes("".join(texts).encode())
        patch.setenv("AWS_CONFIG_FILE", str(path))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        try:
            before = botocore_profiles(path)
        except ConfigParseError:
            with pytest.raises(AccessError, match=r"can't be (understood|changed)"):
                write_profile("ours", NEW)
            assert path.read_bytes() == "".join(texts).encode()
            return
        write_profile("ours", NEW)
        assert botocore_profiles(path) == {**before, "ours": NEW}
        assert set(read_profiles()) == {*before, "ours"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[profile UpdateApp]\nregion = x\n", "for another role; choose another name with --name"),
        ("[profile UpdateApp]\nrole_arn = arn:aws:iam::1:role/Other\n", "already has a profile .* for another role"),
        ("[default]\nno sense\n", "can't be parsed: line 2"),
        ("[default]\n[default]\n", r"can't be parsed: line 2 \(DuplicateSectionError\)"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_unchanged(config: Path, text: str, reason: str) -> None:
    config.parent.mkdir()
    config.write_text(text)
    with pytest.raises(AccessError, match=reason):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == text
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_errors_do_not_show_the_file(config: Path) -> None:
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
    real.write_bytes(b"[default]\nregion = \xff\n")  # not UTF-8, but not ours to change
    real.chmod(0o640)
    config.symlink_to(real)
    write_profile("UpdateApp", NEW)
    assert config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_bytes() == b"[default]\nregion = \xff\n\n" + BLOCK.encode()
    assert [file.name for file in real.parent.iterdir()] == ["aws-config"]


def test_a_full_disk_leaves_the_file_unchanged(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.parent.mkdir()
    config.write_text("[default]\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AccessError, match="can't be written: No space left on device"):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == "[default]\n"
    assert [file.name for file in config.parent.iterdir()] == ["config"]


WRITER = (
    "import sys; from access.switch.config_file import write_profile as w; w(sys.argv[1], {'role_arn': sys.argv[1]})"
)


def test_writers_wait_for_each_other(config: Path) -> None:
    names = {f"p{number}" for number in range(8)}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name], cwd=REPOSITORY) for name in names]
    assert [writer.wait() for writer in writers] == [0] * len(writers)
    assert set(botocore_profiles(config)) == names
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_owner_and_group_are_kept(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned: list[tuple[int, int]] = []
    monkeypatch.setattr("os.fchown", lambda descriptor, user, group: owned.append((user, group)))
    config.parent.mkdir()
    config.write_text("[default]\n")
    write_profile("UpdateApp", NEW)
    assert owned == [(config.stat().st_uid, config.stat().st_gid)]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV], ids=["mounted", "another file system"])
def test_a_mounted_file_is_written_in_place(config: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def busy(*arguments: object) -> None:
        raise OSError(number, "no")

    config.parent.mkdir()
    config.write_text("[default]\n")
    before = config.stat()
    monkeypatch.setattr("pathlib.Path.replace", busy)
    write_profile("UpdateApp", NEW)
    assert config.read_text() == f"[default]\n\n{BLOCK}"
    assert config.stat().st_ino == before.st_ino
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_hard_links_are_kept(config: Path) -> None:
    config.parent.mkdir()
    config.write_text("[default]\n")
    second = config.with_name("second")
    second.hardlink_to(config)
    write_profile("UpdateApp", NEW)
    assert second.read_text() == config.read_text() == f"[default]\n\n{BLOCK}"


def test_a_read_only_file_is_unchanged(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def read_only(path: str, flags: int, *mode: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *mode)

    config.parent.mkdir()
    config.write_text("[default]\n")
    monkeypatch.setattr("os.open", read_only)
    monkeypatch.setattr("access.switch.safe_file.FileIO", lambda *arguments: read_only("", os.O_RDWR))
    with pytest.raises(AccessError, match=r"config can't be written: Read-only file system$"):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == "[default]\n"


def test_a_failed_overwrite_is_undone(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.parent.mkdir()
    config.write_text("[default]\n")
    config.with_name("second").hardlink_to(config)
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AccessError, match="No space left on device"):
        write_profile("UpdateApp", NEW)
    assert config.read_text() == "[default]\n"


@pytest.mark.parametrize("value", ["$NOWHERE_AT_ALL/config", "~nobody-of-this-name/config", ""])
def test_a_path_that_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", value)
    assert read_profiles() == {}
    with pytest.raises(AccessError, match="names no file; set HOME, or AWS_CONFIG_FILE"):
        write_profile("UpdateApp", NEW)
    assert not [*tmp_path.iterdir()]


def test_a_path_that_is_not_a_file(config: Path) -> None:
    config.parent.mkdir()
    os.mkfifo(config)
    with pytest.raises(AccessError, match="config is not a file; set AWS_CONFIG_FILE to one"):
        write_profile("UpdateApp", NEW)
    config.unlink()
    config.parent.rmdir()
    config.parent.write_text("")
    with pytest.raises(AccessError, match="aws can't be created: "):
        write_profile("UpdateApp", NEW)


def test_variables_in_a_path(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", str(config.parent))
    monkeypatch.setenv("AWS_CONFIG_FILE", "$ELSEWHERE/config")
    write_profile("UpdateApp", NEW)
    assert config.read_text() == BLOCK


def test_the_credentials_file_contradicts_the_profile(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "credentials").write_text("[UpdateApp]\naws_access_key_id = A\nrole_session_name = Mallory\n")
    with pytest.raises(AccessError, match="has a profile 'UpdateApp' too, whose role_session_name takes precedence"):
        write_profile("UpdateApp", NEW)
    assert not config.exists()


def test_a_name_with_blanks_is_quoted(config: Path) -> None:
    write_profile("my app", NEW)
    assert botocore_profiles(config) == {"my app": NEW} == read_profiles()

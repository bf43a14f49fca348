"""settings: what the environment says, and every fault of it at once."""

import pytest

from rota.settings import BadSettings, Settings, read_settings

BAD = {
    "ROTA_DATABASE_URL": "mysql://somewhere",
    "ROTA_BLOBS_URL": "/var/blobs",
    "ROTA_ENGINE": "steam",
    "ROTA_DURABILITY": "half",
    "ROTA_ADMIN_TOKEN": "short",
    "ROTA_MAX_UPLOAD": "lots",
    "ROTA_MAX_JSON": "-1",
    "ROTA_LEASE_S": "0",
    "ROTA_STOP_S": "soon",
    "ROTA_SESSION_S": "90000",
    "ROTA_THREADS": "-2",
    "ROTA_BUSY_S": "nan",
    "ROTA_LOG_LEVEL": "loud",
    "ROTA_HTTP_CALL_PRIVATE": "maybe",
    "ROTA_HTTP_CALL_RATE": "fast",
    "ROTA_URGENCY": "priority=high",
    "ROTA_SLACK_RESPOND": "perhaps",
    "ROTA_PRIORITIES": "http=1",
    "ROTA_ACTION_LIMITS": "http.call=0",
    "ROTA_ACCOUNT_LIMIT": "few",
}


def faults(**environ: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        read_settings(environ)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_with_what_it_must_be(name: str) -> None:
    (fault,) = faults(**{name: BAD[name]})
    assert fault.startswith(name)
    assert "must be" in fault
    assert fault.endswith(".")


def test_procrastinate_needs_postgresql() -> None:
    (fault,) = faults(ROTA_ENGINE="procrastinate")
    assert fault.startswith("ROTA_ENGINE is 'procrastinate', which needs PostgreSQL")
    url = "postgresql://somewhere/rota"
    assert read_settings({"ROTA_ENGINE": "procrastinate", "ROTA_DATABASE_URL": url}).engine == "procrastinate"


def test_priorities_of_the_settings_overrule_those_of_actions() -> None:
    settings = read_settings({"ROTA_PRIORITIES": "a.one=5", "ROTA_ACTION_LIMITS": "a.two=3", "ROTA_ACCOUNT_LIMIT": "7"})
    rules = settings.rules({"a.one": 1, "a.two": 2})
    assert rules.priorities == {"a.one": 5, "a.two": 2}
    assert (rules.action_limits, rules.account_limit) == ({"a.two": 3}, 7)
    assert settings.unknown(["a.one"]) == ["a.two"]


def test_all_bad_values_are_named_at_once() -> None:
    assert {fault.split()[0] for fault in faults(**BAD)} == set(BAD)


def test_every_setting_has_a_default() -> None:
    assert read_settings({}) == Settings()


def test_an_empty_variable_is_an_unset_one() -> None:
    assert read_settings(dict.fromkeys(BAD, "")) == Settings()


def test_what_is_given_wins_and_is_not_read_from_the_environment() -> None:
    assert read_settings({"ROTA_THREADS": "many"}, threads=3).threads == 3


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1000", 1000),
        ("1K", 1024),
        ("1k", 1024),
        ("2 KB", 2048),
        ("3MiB", 3 * 1024**2),
        ("5GB", 5 * 1024**3),
        ("1T", 1024**4),
        (" 7B ", 7),
    ],
)
def test_a_size(text: str, size: int) -> None:
    assert read_settings({"ROTA_MAX_UPLOAD": text}).max_upload == size


@pytest.mark.parametrize("text", ["1.5GB", "GB", "1PB", "1 2", "1GBs", "0x10"])
def test_no_size(text: str) -> None:
    assert faults(ROTA_MAX_UPLOAD=text) == [f"ROTA_MAX_UPLOAD is {text!r}, but must be a size such as 5GB."]


def test_where_things_lie_follows_from_the_data_folder() -> None:
    settings = read_settings({"ROTA_DATA": "/srv/rota"})
    assert settings.database == "sqlite:////srv/rota/rota.db"
    assert settings.blobs == "file:///srv/rota/blobs"
    elsewhere = {"ROTA_DATABASE_URL": "postgresql://host/rota", "ROTA_BLOBS_URL": "file:///mnt/blobs"}
    settings = read_settings({"ROTA_DATA": "/srv/rota", **elsewhere})
    assert settings.database == "postgresql://host/rota"
    assert settings.blobs == "file:///mnt/blobs"


def test_a_node_is_called_after_its_host_unless_it_has_a_name() -> None:
    assert read_settings({"ROTA_NODE": "left"}).node_name == "left"
    assert read_settings({}).node_name.startswith("rota@")


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("Yes", True), ("true", True), ("0", False), ("no", False)])
def test_a_flag(text: str, flag: bool) -> None:
    assert read_settings({"ROTA_HTTP_CALL_PRIVATE": text}).http_call_private is flag


def test_no_secret_is_shown_with_the_settings() -> None:
    secrets = {"ROTA_ADMIN_TOKEN": "an admin's own token", "ROTA_SLACK_SIGNING_SECRET": "a signing secret"}
    shown = repr(read_settings(secrets))
    assert not any(secret in shown for secret in secrets.values())


def test_a_secret_that_was_pasted_with_its_line_end_is_meant_without() -> None:
    assert read_settings({"ROTA_SLACK_SIGNING_SECRET": " 8f742231b1\n"}).slack_signing_secret == "8f742231b1"

import re

from scheduler import errors
from scheduler.errors import BadDuration, RightReasonError, TemplateError


def drawn() -> list[tuple[str, str]]:
    """The classes of the drawing at the top, each with the one that it hangs on."""
    pairs: list[tuple[str, str]] = []
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.fullmatch(r"([ │├└─]*)(\w+)(  .*)?", line):
            depth = len(found[1])
            parent = max((column for column in above if column < depth), default=None)
            above = {column: name for column, name in above.items() if column < depth} | {depth: found[2]}
            pairs.append((found[2], "" if parent is None else above[parent]))
    return pairs


def test_the_drawing_shows_every_error_and_what_it_hangs_on() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    root = [("RightReasonError", "")]
    assert sorted(drawn()) == sorted(
        root + [(one.__name__, one.__base__.__name__) for one in classes[1:] if one.__base__]
    )


def test_every_error_that_hangs_on_input_or_settings_ends_with_exit_code_2() -> None:
    kinds: list[type[RightReasonError]] = [*errors.InputError.__subclasses__(), errors.SettingsError]
    assert {one.exit_code for one in kinds} == {2}


def test_a_docstring_is_the_message_filled_with_the_facts() -> None:
    assert str(BadDuration(text="soon")).startswith("'soon' is no duration; write")


def test_a_message_stands_as_it_is_whatever_braces_it_has() -> None:
    assert str(TemplateError("{x} is no placeholder", place="letter.md")) == "{x} is no placeholder"


def test_facts_are_attributes() -> None:
    error = RightReasonError(place="rules/a.yaml")
    assert (getattr(error, "place"), error.facts) == ("rules/a.yaml", {"place": "rules/a.yaml"})  # noqa: B009 - no declared attribute

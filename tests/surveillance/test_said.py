"""On the same grounds the same is said, and nothing is worked out again."""

from __future__ import annotations

from app.surveillance.said import Said


def test_equal_grounds_are_not_looked_into_again_and_others_are() -> None:
    said, asked = Said(), []

    def say(word: str) -> str:
        asked.append(word)
        return word

    for grounds, word in (([1], "one"), ([1], "never"), ([1, 2], "two"), ([1], "one again")):
        said.again("a", grounds, lambda word=word: say(word))
    assert said.again("b", [1], lambda: say("another")) == "another"
    assert said.again("a", [1], lambda: say("never")) == "one again"
    assert asked == ["one", "two", "one again", "another"]

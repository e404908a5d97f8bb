"""A piece of conversation: turns that belong together."""

from dataclasses import dataclass


@dataclass
class Turn:
    question: str
    answer: str


@dataclass
class Thread:
    """`key` decides whether the piece is held out for validation: the same key never stands on both sides.

    It may hold several keys, one a line; one held-out key holds the whole piece out.
    """

    turns: list
    key: str
    short: str | None = None  # a one-sentence form of the first answer
    system: str | None = None  # a system prompt that the turns need
    opens: bool = False  # must open its conversation
    closes: bool = False  # nothing else may follow
    about: str | None = None  # what a next question could put in its place: "And a cow?"


def with_another(rng, kind, forms, ask):
    """A question of a kind, and then the same about something else, put shortly."""
    first = second = kind(rng)
    while first.about is None:
        first = kind(rng)
    while second.about is None or second.about == first.about:
        second = kind(rng)
    turns = first.turns + [Turn(ask(rng, rng.choice(forms).format(w=second.about)), second.turns[0].answer)]
    return Thread(turns, f"{first.key}\n{second.key}")

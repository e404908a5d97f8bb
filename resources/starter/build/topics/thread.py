"""A piece of conversation: turns that belong together."""

from dataclasses import dataclass


@dataclass
class Turn:
    question: str
    answer: str


@dataclass
class Thread:
    """`key` decides whether the piece is held out for validation: the same key never stands on both sides."""

    turns: list
    key: str
    short: str | None = None  # a one-sentence form of the first answer
    system: str | None = None  # a system prompt that the turns need
    alone: bool = False  # must open its conversation

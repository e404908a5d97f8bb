"""Reads the tables of written topics (the .txt files here).

    # name          begins a topic (a first line with text after its name is a comment)
    w 3             how often it comes, against the others of its file (1 if not said)
    t a tokenizer   a term: the usual questions for a definition are made from it (t* for a plural)
    ? what is it    a pattern of a question, without its mark
    - tell me       a pattern of something said or asked for
    ! text          an answer; one of them is chosen
    short, eg, why, more TEXT      what follows when that is asked for in the next turn
"""

from dataclasses import dataclass, field
from pathlib import Path

from . import phrasing
from .thread import Thread, Turn

FOLLOW_UPS = {
    "short": ("can you say that [shorter|in one sentence|more briefly|in fewer words]", "say that shorter", "make it shorter", "shorter, please",
              "in one sentence, please", "in short", "that is too long", "sum that up", "briefly, please", "can you make it shorter",
              "can you sum that up", "what is that in one sentence", "give me the short version", "too long, say it shorter"),
    "eg": ("[give me|can you give me|do you have|show me] an example", "for example", "an example, please", "what is an example", "can you show me an example",
           "like what", "can you give an example [of that|]"),
    "why": ("why", "why is that", "why is it so", "how come", "and why", "why so", "but why", "can you say why", "what is the reason", "tell me why"),
    "more": ("tell me more", "go on", "more, please", "can you tell me more", "what else", "anything else", "is there more", "say more",
             "I want to know more", "tell me more about [it|that]"),
}

DEFINITIONS = (
    "what is {t}", "what is {t}", "what's {t}", "can you explain {t} [|to me]", "can you tell me what {t} is", "do you know what {t} is", "what does {b} mean",
    "explain {t} [|to me|simply|in simple words]", "tell me about {t}", "define {b}", "I want to know what {t} is", "I do not know what {t} is",
    "tell me what {t} is", "what do you know about {t}", "what exactly is {t}", "describe {t}", "what do people mean by {b}",
    "help me understand {t}", "I do not understand {t}", "please explain {t}", "{b}", "so what is {t}", "what is {t} in simple words",
    "could you explain what {t} is", "what is meant by {b}", "give me a definition of {b}", "how would you explain {t}",
)
PLAIN_DEFINITIONS = DEFINITIONS[:11] + ("{b}", "what exactly is {t}", "describe {t}", "can you describe {t}", "what do you know about {t}")
PLURAL_DEFINITIONS = (
    "what are {t}", "what are {t}", "can you explain {t} [|to me]", "can you tell me what {t} are", "do you know what {t} are", "what does {t} mean",
    "explain {t} [|to me|simply|in simple words]", "tell me about {t}", "I want to know what {t} are", "I do not know what {t} are",
    "tell me what {t} are", "what do you know about {t}", "what exactly are {t}", "describe {t}", "help me understand {t}",
    "I do not understand {t}", "please explain {t}", "{t}", "so what are {t}", "what are {t} in simple words", "could you explain what {t} are",
)


@dataclass
class Topic:
    name: str
    weight: float = 1
    patterns: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    after: dict = field(default_factory=dict)

    def question(self, rng):
        return phrasing.ask(rng, phrasing.expand(rng, rng.choice(self.patterns)))

    def draw(self, rng, follow_up=0.0):
        question = self.question(rng)
        turns = [Turn(question, rng.choice(self.answers))]
        if self.after and rng.random() < follow_up:
            kind = rng.choice(sorted(self.after))
            turns.append(Turn(phrasing.ask(rng, phrasing.expand(rng, rng.choice(FOLLOW_UPS[kind])), opening=False), self.after[kind]))
        return Thread(turns, phrasing.normalise(question), short=self.after.get("short"))


def bare(term):
    for article in ("a ", "an ", "the "):
        if term.startswith(article):
            return term[len(article):]
    return term


def definitions(term, plural, singular_forms):
    return [form.format(t=term, b=bare(term)) for form in (PLURAL_DEFINITIONS if plural else singular_forms)]


def read(name):
    """The topics of one table. A term counts as a third of a pattern per form, so that it does not drown the patterns."""
    topics = []
    for number, line in enumerate((Path(__file__).parent / name).read_text().splitlines(), 1):
        sign, _, text = line.partition(" ")
        text = text.strip()
        if not line.strip() or (sign == "#" and " " in text):
            continue
        if sign == "#":
            topics.append(Topic(text))
        elif sign == "w":
            topics[-1].weight = float(text)
        elif sign in ("t", "t*"):
            topics[-1].patterns += definitions(text, sign == "t*", PLAIN_DEFINITIONS if name == "facts.txt" else DEFINITIONS)
        elif sign in "?-":
            topics[-1].patterns += [text] * 3
        elif sign == "!":
            topics[-1].answers.append(text)
        elif sign in FOLLOW_UPS:
            topics[-1].after[sign] = text
        else:
            raise ValueError(f"{name}:{number}: unknown sign {sign!r}")
    for topic in topics:
        if not topic.patterns or not topic.answers:
            raise ValueError(f"{name}: topic {topic.name} has no question or no answer")
    return topics


def source(name, follow_up):
    """A function that draws a thread from the table."""
    topics = read(name)
    weights = [topic.weight for topic in topics]
    return lambda rng: rng.choices(topics, weights)[0].draw(rng, follow_up)

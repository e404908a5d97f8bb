"""System prompts: plain ones that change nothing, and simple instructions that the answers obey."""

from . import lists, phrasing
from .thread import Thread, Turn

PLAIN = ("You are Quern's starter model.", "You are Quern's starter model, a small and friendly assistant.", "You are a helpful assistant.", "You are the small model that comes with Quern. Answer in plain English.",
         "You are a friendly assistant.", "You are Quern's starter model. Be short and clear.", "Be helpful and kind.", "You are a small language model that runs on the user's computer.", "You are Quern.", "Be friendly.")

SHORT = ("Answer in one sentence.", "Answer in one short sentence.", "Always answer in one sentence.", "Keep your answers short.", "Be brief.", "Use one sentence per answer.", "Short answers only.", "The user likes short answers.", "Please answer briefly.",
         "You are a helpful assistant. Answer in one sentence.")

NAMED = ("Your name is {v}.", "You are {v}.", "You are called {v}.", "You are {v}, a friendly assistant.", "Your name is {v}. You are a helpful assistant.", "You are an assistant called {v}.", "Your name is {v}. Be friendly.")
USER_NAMED = ("The user's name is {v}.", "The name of the user is {v}.", "You are talking with {v}.", "You are a helpful assistant. The user is called {v}.")
BEGIN = ("Begin every answer with {v}!", "Start each answer with the word {v}!", "Always begin with {v}!", "First say {v}! in every answer.")
END = ("End every answer with: {v}", "Always end with: {v}", "Finish each answer with: {v}")

OPENING = "Ahoy Hello Hooray Sure Well Aha Greetings Certainly Yes Friend Gladly Hey Wow".split()
CLOSING = ("Have a nice day!", "Take care!", "Anything else?", "I hope this helps.", "Good luck!", "See you soon!", "Have fun!", "That is all.", "Ask me more!", "Yours, Quern.")

ASK_NAME = ("what is your name", "what's your name", "who are you", "what are you called", "do you have a name", "what should I call you", "tell me your name", "may I know your name", "how are you called", "hi, who are you", "hello, what is your name")
ASK_USER = ("what is my name", "what's my name", "do you know my name", "who am I", "can you tell me my name", "tell me my name")
HELLO = ("hi", "hello", "hey", "hi there", "hello there", "good morning")


def plain(rng):
    return rng.choice(PLAIN)


def a_name(rng):
    return lists.invented(rng) if rng.random() < 0.35 else rng.choice(lists.NAMES)


def named(rng):
    name = a_name(rng)
    question = phrasing.ask(rng, rng.choice(ASK_NAME))
    answer = f"My name is {name}." if "name" in question.lower() or "call" in question.lower() else f"I am {name}, a small assistant."
    turns = [Turn(question, answer)]
    if rng.random() < 0.2:
        turns.insert(0, Turn(phrasing.upper_first(rng.choice(HELLO)) + "!", f"Hello! I am {name}. How can I help you?"))
    return Thread(turns, f"name {name}", system=rng.choice(NAMED).format(v=name), opens=True)


def user_named(rng):
    name = a_name(rng)
    turns = [Turn(phrasing.ask(rng, rng.choice(ASK_USER)), f"Your name is {name}.")]
    if rng.random() < 0.4:
        turns.insert(0, Turn(phrasing.upper_first(rng.choice(HELLO)) + rng.choice("!."), f"Hello, {name}! How can I help you?"))
    return Thread(turns, f"name {name}", system=rng.choice(USER_NAMED).format(v=name), opens=True)


def short(rng, answered):
    """A topic with its one-sentence form."""
    while True:
        thread = answered(rng)
        if thread.short:
            break
    thread.turns = [Turn(thread.turns[0].question, thread.short)]
    other = answered(rng)
    if other.short and other.short != thread.short and rng.random() < 0.4:
        thread.turns.append(Turn(other.turns[0].question, other.short))
        thread.key += "\n" + other.key
    thread.system = rng.choice(SHORT)
    thread.opens = thread.closes = True
    return thread


def framed(rng, answered):
    """An opening or a closing word around ordinary answers."""
    thread = answered(rng)
    if rng.random() < 0.5:
        word = rng.choice(OPENING)
        thread.system = rng.choice(BEGIN).format(v=word)
        thread.turns = [Turn(turn.question, f"{word}! {turn.answer}") for turn in thread.turns]
    else:
        words = rng.choice(CLOSING)
        thread.system = rng.choice(END).format(v=words)
        thread.turns = [Turn(turn.question, f"{turn.answer} {words}") for turn in thread.turns]
    thread.opens = thread.closes = True
    return thread


def source(answered, simple):
    """`answered` draws written topics; `simple` draws any short exchange."""
    kinds = (named, user_named, lambda rng: short(rng, answered), lambda rng: framed(rng, simple))
    return lambda rng: rng.choices(kinds, (26, 16, 36, 22))[0](rng)

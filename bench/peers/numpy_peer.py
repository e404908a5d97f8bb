"""numpy_peer.py SHAPE SETUP EXPRESSION: how many seconds NumPy takes for an expression of x, float32
numbers of SHAPE ("8192,4096"), at best. SETUP makes what else it needs. rng: a random generator."""

import sys
import time

import numpy as np

shape, setup, expression = sys.argv[1:]
rng = np.random.default_rng(0)
names = {"np": np, "rng": rng}
names["x"] = rng.standard_normal([int(n) for n in shape.split(",")], dtype=np.float32)
exec(setup, names)
run = compile(expression, "expression", "eval")

eval(run, names)
best, start = float("inf"), time.perf_counter()
while time.perf_counter() - start < 0.1:
    begin = time.perf_counter()
    eval(run, names)
    best = min(best, time.perf_counter() - begin)
print(best)

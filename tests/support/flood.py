"""A recorded program that prints without end what a recorder finds hard; run by its path.

Characters of one to four bytes that are cut anywhere, colours, bytes of no encoding, and lines as wide as
a batch, in bursts. Its argument is the seed, so that two runs print the same.
"""

import os
import random
import sys
import time

WORDS = 'plain \x1b[1;32mgreen\x1b[0m café Straße 東京都 🙂👩‍👩‍👧 \u0085\u2028\u2029 \\"\x00\x07\t'
LONGEST_PAUSE = 0.004
WIDEST = 300_000


def main() -> None:
    chance = random.Random(int(sys.argv[1]))  # noqa: S311 - to print the same again, not to hide anything
    while True:
        content = memoryview(burst(chance))
        while content:
            content = content[os.write(1, content) :]
        time.sleep(chance.random() * LONGEST_PAUSE)


def burst(chance: random.Random) -> bytes:
    match chance.randrange(8):
        case 0:
            return chance.randbytes(chance.randrange(1, 5_000))
        case 1:
            return "宽".encode() * (chance.randrange(WIDEST) // 3) + b"\n"
        case 2:
            return b"x" * chance.randrange(WIDEST) + b"\n"
    text = (WORDS * chance.randrange(1, 40)).encode()
    return text[: chance.randrange(1, len(text))] + b"\n" * chance.randrange(2)


if __name__ == "__main__":
    main()

"""Fixed numbers that scripts and Swift tests both make, so that fixtures need not hold them."""

import numpy as np


def mixed(index):
    """A fixed scatter of 32 bits; the Swift tests have the same."""
    u = (index.astype(np.uint64) * 2654435761 & 0xFFFFFFFF).astype(np.uint32)
    u ^= u >> 15
    u = (u.astype(np.uint64) * 2246822519 & 0xFFFFFFFF).astype(np.uint32)
    u ^= u >> 13
    u = (u.astype(np.uint64) * 3266489917 & 0xFFFFFFFF).astype(np.uint32)
    return u ^ (u >> 16)

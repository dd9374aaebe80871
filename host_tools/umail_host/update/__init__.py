"""Updates over the network: what a board is to have, sealed for it alone, and who has it."""

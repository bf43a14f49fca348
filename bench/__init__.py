"""One script per claim. Each measures rota and its peer, or its limit, in turns within one run, and prints the ratio.

`python -m bench` runs all of them, `python -m bench jobs upload=40` those two, one at another size than usual. Only
`peers` needs more than rota.
"""

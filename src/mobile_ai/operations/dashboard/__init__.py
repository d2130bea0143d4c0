"""Dashboard: one self-contained page for engineers, data scientists, finance and ethics reviewers.

``collect`` reads the output files of the other commands into a ``Board``; ``page`` renders it. The
page needs no network and no server.
"""

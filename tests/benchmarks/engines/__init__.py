"""The engines that are compared: each a module with `cluster(batches, stages) -> labels`.

`batches` are tables of site, title and text, `labels` int64, one a document. Rivals are written as their
documentation has it. They import nothing of wirefold, as they run in an environment of their own, and
themselves only where they are used, as they are not installed beside the tests.
"""

RIVALS = ("datasketch", "rensa", "daft")
OURS = "wirefold"

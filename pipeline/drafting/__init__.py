"""From pages, pairs and the ledger to the files of a release.

step.py        draws the tables up, and says which partitions they are
scene.py       what is drawn: documents in their stories, and all that is told of them bucket by bucket
whole.py       the scene of all documents of the lake
onto.py        the scene of the partitions that differ from the last release
changed.py     which partitions these are
addresses.py   what the addresses of documents tell
chrome.py      what of the outlets' chrome may be shown
totals.py      sums over all documents, drawn again or not
chronicle.py   the tables `changes` and `registry`
"""

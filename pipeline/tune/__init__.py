"""Fitting the scorecard on labelled pairs; the only room that needs scikit-learn and matplotlib."""

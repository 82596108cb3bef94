"""The app itself. It imports nothing of the project around it: the artefact carries this package and its libraries."""

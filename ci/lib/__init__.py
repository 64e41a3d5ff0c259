"""The parts of the commands of ci/. They need Python 3.11 and its standard library."""

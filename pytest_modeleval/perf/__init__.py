"""Load tests of a model service: the load, its records, the verdict on the measurement, and a server to try it on."""

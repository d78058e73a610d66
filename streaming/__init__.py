"""Station 2, landing: Kafka's messages are judged and committed to the lake, by event hour.

`python -m streaming.broker` keeps a local Kafka broker, `python -m streaming` lands.
"""

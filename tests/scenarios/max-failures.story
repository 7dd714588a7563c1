# A failed check restarts in place; the third within the window moves the service.
hosts A B
service web A B status_interval=5s max_failures=3 failure_window=10m
boot all
settle
expect web on A
----

dies web A
run 8s
expect web on A
----

dies web A
run 8s
expect web on A
----

dies web A
run 8s
settle
expect web on B
expect one copy of web
explain web A
----

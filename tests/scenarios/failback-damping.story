# The first return of a preferred host is taken at once, a second within the failure window only after the
# dead time of stability, then it doubles.
hosts A B
service web A B failure_window=5m
boot all
settle
expect web on A
----

crash A
within 7s web on B
boot A
within 2s web on A
----

crash A
within 7s web on B
boot A
run 4s
expect web on B
within 4s web on A
----

crash A
within 7s web on B
boot A
run 8s
expect web on B
within 5s web on A
expect one copy of web
----

# Engine and guardian die and come back; their services went on and are adopted, not started again.
hosts A B*
service web A B
service bare B A status=no
boot all
settle
----
A comes up
B comes up
B sees A up
A sees B up
A starts web (placement)
B starts bare (placement)
B runs bare
A runs web

# A has an address of its own that refuses now, so B takes over at once: without a guardian nobody on A can
# say that web still runs there. When A is back, the less preferred stops.
kill-both A
within 2s A unlinked B
settle
show
restart A
settle
expect web on A
----
A's engine dies
B sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
  web: runs on A, B
  bare: runs on B
A comes up
A sees B up
B sees A up
B stops web (lost-ownership to A)
B has stopped web

# B is dynamic and refuses too, from an address that it named itself.
kill-both B
restart B
settle
show
expect web on A
expect bare on B
----
B's engine dies
B comes up
B stops bare (placement)
B sees A up
B has stopped bare
B starts bare (placement)
B runs bare
  web: runs on A
  bare: runs on B

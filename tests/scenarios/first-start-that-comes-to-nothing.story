# During a first start A is taken out of the hosts files, first on C and, after B has told A that it knows of nothing, on
# B. So A has founded a set of voters that nobody else has, and B and C, who are bound to it no longer, another. When A is
# in the files again it gives up its own, in which two of three will never vote, and learns theirs.
hosts A B C
service db A B C ownership=majority margin=2s
install all
boot A C
run 3s
hosts - B C
install C
reload C
cut B C
boot B
run 10s
expect A voters A B C
----
A comes up
C comes up
A sees C up
C sees A up
C sees A down
B comes up
A sees B up
B sees A up
A sees C down
C alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from B

install B
reload B
heal
run 1m
expect B voters B C
expect C voters B C
expect one copy of db
----
B sees A down
C sees B up
B sees C up
A sees B down
B starts db (placement)
B runs db

hosts A B C
install B C
reload B C
settle 2m
expect A voters A B C
expect B voters A B C
expect one copy of db
show
----
C sees A up
A sees B up
A sees C up
B sees A up
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
  db: runs on A

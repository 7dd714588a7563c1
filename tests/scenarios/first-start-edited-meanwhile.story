# During the very first start C has told A and B that it knows of nothing, by which they begin to vote. It dies before it
# votes itself, and its hosts file is edited to name C and D alone. Had it no note of whom it told, there would be two
# majorities: A with B, and C with D.
hosts A B C D
service db A C ownership=majority margin=2s
install all
hosts A B C
install A B C
boot A B
run 5s
disk B slow
boot C
run 1500ms
crash C
run 1m
expect A voters A B C
expect db on A
hosts - - C D
install C D
boot C D
run 2m
expect db on A
expect one copy of db
expect C voters
----
A comes up
B comes up
A sees B up
B sees A up
C comes up
B sees C up
A sees C up
C sees B up
C sees A up
C loses power
B sees C down
A sees C down
A starts db (placement)
A runs db
C comes up
D comes up
D sees C up
C sees D up
C alerts (warning): this host does not vote on services with ownership majority yet: with the hosts file as it was here before (A, B and C) A and B may vote already, and this is to be heard first
D alerts (warning): this host does not vote on services with ownership majority yet: the hosts file differs on C, or did so when others began to vote

# The file is put right again, and C learns of the voters that there are.
hosts A B C
install C
boot C
reload C
settle 1m
expect C voters A B C
expect one copy of db
----
C sees D down
B sees C up
A sees C up
C sees B up
C sees A up
D sees C down

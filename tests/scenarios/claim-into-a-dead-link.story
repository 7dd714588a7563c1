# B claims web while its link with D is cut and not yet given up: B's dead time is short, D's is long, and the
# link goes by the longer. D is reached through C; its silence must not be taken for a grant before that way
# was tried.
hosts A B C D
service web A D B
service mail D
times B 300ms 1500ms
boot all
settle
expect web on A
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees B up
D sees C up
D sees A up
C sees D up
B sees D up
D starts mail (placement)
A starts web (placement)
D runs mail
A runs web

crash A
run 4s
cut B D
settle
expect web on D
expect one copy of web
----
A loses power
C sees A down
D sees A down
B sees A down
D starts web (failover from A)
D runs web
D alerts (warning): service web runs here now instead of on A, which is down

leave D
settle
expect web on B
expect one copy of web
----
D stops web (shutdown to B)
D stops mail (shutdown)
D has stopped web
B starts web (failover from D)
D has stopped mail
D has left
C sees D down
B sees D down
B runs web
B alerts (warning): service web runs here now instead of on D, which cannot run it

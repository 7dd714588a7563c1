# At the very first start nobody knows what the others may have granted in a life that they have lost: all are to be
# heard. A service of ownership majority waits for the host that is missing, and says so; one of peers does not.
hosts A B C
service db A B C ownership=majority margin=2s
service web A B C
boot A B
run 20s
expect web on A
expect db nowhere
explain db A
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A runs web
A alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from C
B alerts (warning): this host does not vote on services with ownership majority yet: it has not heard from C
  db is stopped, epoch 0
  it belongs on A: A is the most preferred host that is up and able, but this host has to hear from the others first what has been granted
  it is owned by majority: another host starts it at the earliest 7 s after its host was heard last (dead_time 5 s, fence_margin 2 s)
    1 A: is able
    2 B: is able
    3 C: is down

boot C
settle 1m
show
expect db on A
----
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
A starts db (placement)
A runs db
  db: runs on A
  web: runs on A

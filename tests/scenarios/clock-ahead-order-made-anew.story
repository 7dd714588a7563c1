# B's clock is ten minutes ahead. Its order is refused and made anew; what was refused does not come into force when its time has
# come, over what was said since.
hosts A B C
service web A B C
boot all
settle
clock B 10m
B$ disable web
settle
expect web nowhere
A$ enable web
settle
expect web on A
run 12m
expect web on A
----
A comes up
B comes up
C comes up
A sees B up
A sees C up
C sees B up
B sees A up
C sees A up
B sees C up
A starts web (placement)
A runs web
B alerts (warning): this host's clock is ahead of those of most others; its settings are stamped anew
A stops web (operator)
A has stopped web
B answers: done, web is stopped
A starts web (operator)
A runs web
A answers: done, web runs on A

# A board without a battery boots in 1970. Its orders do not lose for that, nor win for ever.
hosts A B C
service web A B C
clock C 1970
boot all
settle
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

C$ disable web
settle
expect web nowhere
----
A stops web (operator)
A has stopped web
C answers: done, web is stopped

A$ enable web
settle
expect web on A
----
A starts web (operator)
A runs web
A answers: done, web runs on A

# And a clock two days ahead: a stamp beyond the bound is refused and made anew.
clock B 48h
B$ disable web
settle
view A
----
B alerts (warning): this host's clock is ahead of those of most others; its settings are stamped anew
A stops web (operator)
A has stopped web
B answers: done, web is stopped
  A sees A=up/self B=up/direct C=up/direct
  A sees web stopped: disabled by the operator until "enable"

A$ enable web
settle
expect web on A
view B
----
A starts web (operator)
A runs web
A answers: done, web runs on A
  B sees A=up/direct B=up/self C=up/direct
  B sees web running on A: A is the most preferred host that is up and able

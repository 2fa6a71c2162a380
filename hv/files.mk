HV :=

ARCH_SVM := npt.c svm.c svm_decode.c svm_exit.c svm_inject.c svm_reg.c svm_run.asm \
	vmcb_init.c

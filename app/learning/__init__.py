"""What a person really learned: enrollment, evidence, progress, what is still missing and why, the JP ledger."""

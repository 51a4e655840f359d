"""What tests share: slow twins, random problems, runs to check, wrong theorems."""

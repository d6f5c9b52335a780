"""The one error users see: a line that says what is wrong and what to do."""


class LabError(Exception):
    """A problem of the user's surroundings. Printed as one line; exit code 2."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}" if remedy else problem)

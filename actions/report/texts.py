"""The sentences of a report, in English and Russian under one key."""

LANGUAGES = ("en", "ru")

# Of the sentence that sums up.
SENTENCES: dict[str, tuple[str, str]] = {
    "more": (
        "“{treated}” raised “{outcome}” by {effect}, compared with “{control}” "
        "({interval}): the effect is shown.",
        "Группа «{treated}»: показатель «{outcome}» больше на {effect}, чем в группе «{control}» "
        "({interval}): эффект доказан.",
    ),
    "less": (
        "“{treated}” lowered “{outcome}” by {effect}, compared with “{control}” "
        "({interval}): the effect is shown.",
        "Группа «{treated}»: показатель «{outcome}» меньше на {effect}, чем в группе «{control}» "
        "({interval}): эффект доказан.",
    ),
    "not_shown": (
        "No effect of “{treated}” on “{outcome}” is shown, compared with “{control}”: the "
        "difference is {effect} ({interval}).",
        "Эффект группы «{treated}» на показатель «{outcome}» не доказан в сравнении с группой "
        "«{control}»: разница {effect} ({interval}).",
    ),
    "within_chance": (
        "Where {count} comparisons are made at once, that is within chance.",
        "При {count} сравнениях сразу такое бывает случайно.",
    ),
    "not_enough": (
        "Not enough data yet to tell: {n} customers show an effect of {findable} or more four "
        "times out of five; to show the one measured, about {more} more customers are needed.",
        "Данных пока мало: {n} клиентов хватает, чтобы в четырёх случаях из пяти увидеть эффект от "
        "{findable}; чтобы доказать измеренный, нужно ещё около {more} клиентов.",
    ),
    "not_enough_at_all": (
        "Not enough data yet to tell: {n} customers show an effect of {findable} or more four "
        "times out of five.",
        "Данных пока мало: {n} клиентов хватает, чтобы в четырёх случаях из пяти увидеть эффект от "
        "{findable}.",
    ),
    "constant": (
        "{outcome} is {value} for every customer, so there is no difference to measure.",
        "Показатель {outcome} у всех клиентов равен {value}: сравнивать нечего.",
    ),
    "by_arm": (
        "Each arm by itself: {arms}.",
        "Каждая группа отдельно: {arms}.",
    ),
    "arm_shown": ("“{name}” {effect} (shown)", "«{name}» {effect} (доказано)"),
    "arm_not_shown": ("“{name}” {effect} (not shown)", "«{name}» {effect} (не доказано)"),
    "targeting": (
        "Targeting pays: giving each customer only what helps them (treating {share} of customers) "
        "gains {over_all} over treating all and {over_nobody} over treating nobody.",
        "Выборочное воздействие окупается: если воздействовать только на тех, кому это помогает "
        "({share} клиентов), выигрыш {over_all} по сравнению с воздействием на всех и "
        "{over_nobody} по сравнению с воздействием ни на кого.",
    ),
    "differs": (
        "Effects differ among customers (Qini {qini} ± {se}), but no gain of choosing whom to "
        "treat over treating all or nobody is shown.",
        "Эффект у разных клиентов разный (Qini {qini} ± {se}), но выигрыш от выбора клиентов по "
        "сравнению с воздействием на всех или ни на кого не доказан.",
    ),
    "no_targeting": (
        "No gain of choosing whom to treat over treating all or nobody is shown.",
        "Выигрыш от выбора клиентов по сравнению с воздействием на всех или ни на кого не доказан.",
    ),
    "no_covariates": (
        "Whether only some customers should be treated cannot be told without columns that were "
        "known before the assignment (--covariates).",
        "Без столбцов, известных до распределения по группам (--covariates), нельзя сказать, стоит "
        "ли воздействовать только на некоторых клиентов.",
    ),
    "too_few_to_target": (
        "With fewer than 100 customers nothing is said about whom to treat.",
        "Если клиентов меньше 100, нельзя сказать, на кого воздействовать.",
    ),
    "not_drawn": (
        "No effect is claimed, because the arms were not drawn by chance: they differ in what was "
        "known before, above all in {columns} (p {p}; the arm can be told with an AUC of {auc}). "
        "The difference of {effect} may come from who was chosen.",
        "Об эффекте сказать ничего нельзя: группы набраны не случайно. Они различаются тем, что "
        "было известно заранее, прежде всего по {columns} (p {p}; группа угадывается с AUC "
        "{auc}). Разница {effect} может объясняться тем, кого выбрали.",
    ),
    "moved": (
        "No effect is claimed yet: {columns} differs between the arms far more than chance allows, "
        "while the arms' sizes and the other columns do not. If it was measured after the "
        "assignment, run again without it; if customers were chosen by it, this was no randomised "
        "test. The difference is {effect} ({interval}).",
        "Об эффекте пока сказать нельзя: {columns} различается в группах намного сильнее, чем "
        "бывает случайно, а размеры групп и остальные столбцы – нет. Если столбец измерен после "
        "распределения, запустите ещё раз без него; если по нему выбирали клиентов, это не "
        "случайный эксперимент. Разница {effect} ({interval}).",
    ),
    "sizes": (
        "No effect is claimed, because the sizes of the arms do not fit a random assignment (p "
        "{p}): customers of one arm are missing, or were added. If the shares were planned so, say "
        "it with --shares. The difference is {effect} ({interval}).",
        "Об эффекте сказать нельзя: размеры групп не похожи на случайное распределение (p {p}), "
        "в одной из групп не хватает клиентов или есть лишние. Если доли так и задумывались, "
        "укажите их в --shares. Разница {effect} ({interval}).",
    ),
    "interval": ("95% interval {low} to {high}", "95%-й интервал от {low} до {high}"),
    "interval_points": (
        "95% interval {low} to {high} percentage points",
        "95%-й интервал от {low} до {high} п. п.",
    ),
    "each": ("{number} for each customer", "{number} на клиента"),
    "points": ("{number} percentage points", "{number} п. п."),
}

# Of the lines of figures below the sentences.
LABELS: dict[str, tuple[str, str]] = {
    "arm": (
        "{name}: {customers} customers, {mean} on average",
        "{name}: клиентов – {customers}, в среднем {mean}",
    ),
    "average": ("difference", "разница"),
    "adjusted": (
        "difference, less what could be foreseen",
        "разница за вычетом того, что можно было предвидеть",
    ),
    "qini": ("Qini (0: choosing brings nothing)", "Qini (0 – выбор ничего не даёт)"),
    "gain_over_all": ("choosing, over treating all", "выбор по сравнению с воздействием на всех"),
    "gain_over_nobody": (
        "choosing, over treating nobody",
        "выбор по сравнению с воздействием ни на кого",
    ),
    "sample_ratio_p": (
        "sizes of the arms, p (small: not by chance)",
        "размеры групп, p (мало – не случайно)",
    ),
    "balance_p": (
        "what was known before, p (small: not by chance)",
        "известное заранее, p (мало – не случайно)",
    ),
    "estimate": ("{effect} ({low} to {high})", "{effect} (от {low} до {high})"),
}

WARNINGS: dict[str, tuple[str, str]] = {
    "no_arm": (
        "{rows} rows have no arm in {column} and are left out.",
        "В {rows} строках столбец {column} пуст: они не учтены.",
    ),
    "spellings": (
        "Arms in {column} that differ only in capitals or spaces are taken for the same.",
        "Группы в столбце {column}, которые различаются лишь регистром или пробелами, объединены.",
    ),
    "control_by_name": (
        "{control} is taken for the control because it sorts first, though {other} sounds like it. "
        'If it is the control, add --control "{other}".',
        "Контрольной считается группа {control}: она первая по алфавиту. Но на контроль похожа "
        'группа {other}: если это она, добавьте --control "{other}".',
    ),
    "odd_outcomes": (
        "{count} cells of {column} are no numbers and count as missing: {cells}.",
        "В столбце {column} не числа в {count} ячейках, они считаются пустыми: {cells}.",
    ),
    "missing": (
        "{customers} customers have no outcome and are left out ({shares}).",
        "У {customers} клиентов нет результата, они не учтены ({shares}).",
    ),
    "attrition": (
        "Outcomes are missing more often in one arm than in another ({shares}; p {p}): who is "
        "left may differ, and the effect with it. Find out why, or count the missing as 0 if that "
        "is what they are.",
        "В одной группе результатов не хватает чаще, чем в другой ({shares}; p {p}): оставшиеся "
        "клиенты могут различаться, а с ними и эффект. Выясните причину или считайте пустые "
        "результаты нулями, если это нули.",
    ),
    "several_rows": (
        "{customers} customers have {rows} rows: each row counts in the means, and the rows of one "
        "customer as one observation in the intervals.",
        "У {customers} клиентов {rows} строк: средние считаются по строкам, а в интервалах строки "
        "одного клиента – одно наблюдение.",
    ),
    "few_in_both": (
        "{customers} of {all} customers are in more than one arm and are left out.",
        "{customers} из {all} клиентов есть в нескольких группах, они не учтены.",
    ),
    "many_in_both": (
        "{customers} of {all} customers are in more than one arm: the arm is taken to be drawn for "
        "each row. What one arm did to a customer may still act in the other.",
        "{customers} из {all} клиентов есть в нескольких группах: считается, что группа выбиралась "
        "для каждой строки. Действие одной группы могло перейти на другую.",
    ),
    "repeated": (
        "{column} has the same value in several rows: if it says who the customer is, add "
        "--customer {column}, or intervals are too narrow.",
        "В столбце {column} значения повторяются: если это номер клиента, добавьте --customer "
        "{column}, иначе интервалы слишком узкие.",
    ),
    "ratio_guessed": (
        "The arms' sizes ({sizes}) do not fit shares of {planned} (p {p}). If other shares were "
        "planned, say them with --shares; otherwise customers of an arm were lost or added, and "
        "the comparison is not to be trusted.",
        "Размеры групп ({sizes}) не соответствуют долям {planned} (p {p}). Если доли "
        "планировались другие, укажите их в --shares; иначе часть клиентов потеряна или добавлена, "
        "и сравнению верить нельзя.",
    ),
    "ratio": (
        "The arms' sizes ({sizes}) do not fit the planned shares of {planned} (p {p}): customers "
        "of an arm were lost or added, and the comparison is not to be trusted.",
        "Размеры групп ({sizes}) не соответствуют плановым долям {planned} (p {p}): часть "
        "клиентов потеряна или добавлена, и сравнению верить нельзя.",
    ),
    "uneven": (
        "The arms differ in what was known before more than is usual by chance (p {p}): look at "
        "how they were drawn.",
        "Группы различаются тем, что было известно заранее, сильнее обычного (p {p}): проверьте, "
        "как их набирали.",
    ),
    "not_drawn": (
        "The arms were not drawn by chance: {columns} tells them apart (p {p}).",
        "Группы набраны не случайно: их различает {columns} (p {p}).",
    ),
    "moved": (
        "{columns} differs between the arms far more than chance allows: measured after the "
        "assignment, or customers were chosen by it.",
        "{columns} различается в группах намного сильнее, чем бывает случайно: столбец измерен "
        "после распределения, или по нему выбирали клиентов.",
    ),
    "constant_outcome": (
        "The outcome is {value} for everybody.",
        "Результат у всех равен {value}.",
    ),
    "heavy": (
        "1 % of the rows hold {share} of the outcome: the interval is wide because a few customers "
        "decide.",
        "На 1 % строк приходится {share} результата: интервал широкий, потому что всё решают "
        "несколько клиентов.",
    ),
    "tiny": (
        "The smallest arm has {customers} rows: intervals of so few hold only roughly.",
        "В самой маленькой группе {customers} строк: при таком числе интервалы приблизительны.",
    ),
}

REASONS: dict[str, tuple[str, str]] = {
    "after_assignment": (
        "it is dated after the assignment in {rows} rows, when the treatment could have changed "
        "it: take its value of before",
        "в {rows} строках дата позже распределения, значение могло измениться из-за воздействия: "
        "возьмите значение до него",
    ),
    "moved": (
        "it differs between the arms far more than chance allows (p {p}): measured after the "
        "assignment, or customers were chosen by it",
        "в группах различается намного сильнее, чем бывает случайно (p {p}): измерен после "
        "распределения, или по нему выбирали клиентов",
    ),
    "says_arm": (
        "it says which arm a row is in, or follows from that",
        "говорит, в какой группе клиент, или следует из этого",
    ),
    "is_outcome": (
        "it is the outcome itself, in other units or under another name",
        "это сам результат в других единицах или под другим именем",
    ),
    "other_role": (
        "it has another role in this report, such as the outcome or the customer",
        "у столбца в отчёте другая роль, например результат или клиент",
    ),
    "empty": ("it is empty", "пуст"),
    "constant": ("it is the same for everybody", "одинаков у всех"),
    "id": (
        "everybody has a value of their own: an id says nothing about a customer",
        "у каждого своё значение: номер ничего не говорит о клиенте",
    ),
    "too_large": (
        "its numbers are too large to be measurements",
        "слишком большие числа для измерений",
    ),
    "unclear_numbers": (
        "whether its points or commas stand before decimals cannot be seen: write them as 1234.56",
        "не видно, отделяют ли точки или запятые дробную часть: запишите как 1234.56",
    ),
    "unclear_dates": (
        "its dates cannot be read: write them as 2026-01-31",
        "даты не читаются: запишите как 2026-01-31",
    ),
}

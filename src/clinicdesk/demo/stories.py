"""What brings people to a doctor: reasons, findings, diagnoses and drugs of each specialty.

Texts carry `{…}` fields of the vital signs that the visit measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.records.rules import DiagnosisEntry

# substance → what crosses with it
_FAMILIES: Final = MappingProxyType(
    {
        "Penicilina": ("Penicilina", "Amoxicilina"),
        "Amoxicilina": ("Penicilina", "Amoxicilina"),
        "Ibuprofeno": ("Ibuprofeno", "Aspirina"),
        "Aspirina": ("Ibuprofeno", "Aspirina"),
    }
)


@dataclass(frozen=True, slots=True)
class Story:
    """One kind of consultation. `ages` in years, `sex` "" any; `pressure` bends the measured one up."""

    specialty: str
    reason: str
    told: str
    found: str
    plan: str
    code: str
    diagnosis: str
    drugs: tuple[str, ...] = ()
    chronic: bool = False
    certain: bool = True
    kind: str = "consulta"
    ages: tuple[int, int] = (0, 120)
    sex: str = ""
    pressure: int = 0
    fever: bool = False
    labs: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    def fits(self, specialty: str, sex: str, age: int) -> bool:
        """Whether such a patient tells this story to such a doctor."""
        low, high = self.ages
        return specialty == self.specialty and self.sex in {"", sex} and low <= age <= high

    def suits(self, allergic_to: Collection[str]) -> bool:
        """Whether none of its drugs is of a family that somebody does not tolerate."""
        return not any(
            drug.startswith(same)
            for each in allergic_to
            for same in _FAMILIES.get(each, (each,))
            for drug in self.drugs
        )

    @property
    def entry(self) -> DiagnosisEntry:
        """The diagnosis as the note states it."""
        certainty = "confirmado" if self.certain else "presuntivo"
        return DiagnosisEntry(self.code, self.diagnosis, certainty=certainty, chronic=self.chronic)


STORIES: Final = (
    Story(
        "CLM", "control de presión", "Asintomático. Cumple la medicación y la dieta con poca sal.",
        "TA {ta} mmHg, FC {fc}. Ruidos cardíacos normofonéticos, sin edemas.",
        "Continúa enalapril. Control en tres meses con laboratorio y registro domiciliario de TA.",
        "I10", "Hipertensión esencial (primaria)", ("Enalapril 10 mg, comprimidos: 1 cada 12 h",),
        chronic=True, kind="control", ages=(38, 120), pressure=22, labs=("creatinina", "potasio"),
        attributes=(("adherencia", "buena"), ("tabaco", "no")),
    ),
    Story(
        "CLM", "control de diabetes", "Glucemias en ayunas de 110 a 150. Niega hipoglucemias.",
        "TA {ta} mmHg, peso {peso} kg. Pulsos pedios presentes, sensibilidad conservada.",
        "Metformina igual dosis. HbA1c y fondo de ojo. Se refuerza plan de alimentación.",
        "E11", "Diabetes mellitus tipo 2", ("Metformina 850 mg, comprimidos: 1 con almuerzo y cena",),
        chronic=True, kind="control", ages=(35, 120), pressure=10, labs=("glucosa", "hba1c", "creatinina"),
        attributes=(("pies", "sin lesiones"), ("fondo de ojo", "pendiente")),
    ),
    Story(
        "CLM", "resfrío con fiebre", "Dos días de odinofagia, rinorrea y mialgias. Sin disnea.",
        "T {temp} °C, FC {fc}, SatO₂ {sat} %. Fauces congestivas sin exudado. Buena entrada de aire.",
        "Reposo, líquidos, paracetamol. Pautas de alarma. Vuelve si la fiebre pasa de 72 h.",
        "J06.9", "Infección aguda de las vías respiratorias superiores",
        ("Paracetamol 500 mg, comprimidos: 1 cada 8 h si hay fiebre",), ages=(15, 120), fever=True,
    ),
    Story(
        "CLM", "dolor de cabeza", "Cefalea opresiva bifrontal, vespertina, ligada a pantallas. Sin aura.",
        "TA {ta} mmHg. Examen neurológico sin foco. Contractura cervical.",
        "Pausas activas, ibuprofeno a demanda hasta cinco días. Diario de cefaleas.",
        "G44.2", "Cefalea tensional", ("Ibuprofeno 400 mg, comprimidos: 1 cada 8 h con alimentos",),
        certain=False, ages=(15, 120),
    ),
    Story(
        "CLM", "ardor al orinar", "Disuria y polaquiuria de 24 h. Niega fiebre y dolor lumbar.",
        "T {temp} °C. Abdomen blando, puñopercusión negativa.",
        "Urocultivo y nitrofurantoína cinco días. Control con resultado.",
        "N39.0", "Infección de vías urinarias, sitio no especificado",
        ("Nitrofurantoína 100 mg, cápsulas: 1 cada 12 h por 5 días",), certain=False, ages=(15, 120), sex="F",
    ),
    Story(
        "CLM", "chequeo anual", "Sin síntomas. No fuma. Camina tres veces por semana.",
        "TA {ta} mmHg, FC {fc}, peso {peso} kg, talla {talla} cm. Examen sin particularidades.",
        "Laboratorio de rutina. Vacuna antigripal según calendario. Control anual.",
        "Z00.0", "Examen médico general", ages=(18, 120), labs=("glucosa", "colesterol", "creatinina"),
    ),
    Story(
        "CLM", "acidez", "Pirosis posprandial de un mes, peor al acostarse. Sin pérdida de peso ni disfagia.",
        "Abdomen blando, leve dolor epigástrico. Peso {peso} kg.",
        "Omeprazol cuatro semanas, medidas posturales, menos café. Endoscopía si persiste.",
        "K21.9", "Enfermedad por reflujo gastroesofágico sin esofagitis",
        ("Omeprazol 20 mg, cápsulas: 1 en ayunas",), certain=False, ages=(18, 120),
    ),
    Story(
        "PED", "control de niño sano", "Crece bien, come variado, duerme toda la noche.",
        "Peso {peso} kg, talla {talla} cm. Auscultación normal, desarrollo acorde a la edad.",
        "Vacunas al día. Pautas de alimentación y sueño. Próximo control según calendario.",
        "Z00.1", "Control de salud de rutina del niño", kind="control", ages=(0, 15),
        attributes=(("vacunas", "al día"),),
    ),
    Story(
        "PED", "fiebre y dolor de oído", "Fiebre desde anoche, llanto al tocar la oreja derecha.",
        "T {temp} °C. Tímpano derecho abombado y eritematoso. Sin rigidez de nuca.",
        "Amoxicilina siete días según peso. Paracetamol. Control en 48 h si sigue la fiebre.",
        "H66.9", "Otitis media, no especificada",
        ("Amoxicilina 250 mg/5 ml, suspensión: 5 ml cada 8 h por 7 días",),
        ages=(0, 12), fever=True,
    ),
    Story(
        "PED", "tos y silbidos", "Tos seca nocturna con silbidos desde hace tres días. Un episodio previo.",
        "FC {fc}, SatO₂ {sat} %. Sibilancias espiratorias aisladas, sin tiraje.",
        "Salbutamol con aerocámara. Se enseña la técnica. Control mañana.",
        "J45.9", "Asma, no especificada",
        ("Salbutamol 100 mcg, aerosol: 2 disparos cada 6 h con aerocámara",),
        certain=False, ages=(2, 15),
    ),
    Story(
        "PED", "vómitos y diarrea", "Cuatro deposiciones líquidas desde ayer, tolera líquidos.",
        "T {temp} °C, mucosas húmedas, llanto con lágrimas. Abdomen blando, ruidos aumentados.",
        "Sales de rehidratación. Pautas de alarma escritas. No requiere antibiótico.",
        "A09", "Gastroenteritis de presunto origen infeccioso", ("Sales de rehidratación oral: a demanda",),
        ages=(0, 15), fever=True,
    ),
    Story(
        "CAR", "palpitaciones", "Episodios breves de palpitaciones, sin síncope. Toma tres cafés por día.",
        "TA {ta} mmHg, FC {fc} regular. ECG: ritmo sinusal, sin alteraciones de la repolarización.",
        "Holter de 24 h. Menos cafeína. Control con resultado.",
        "R00.2", "Palpitaciones", certain=False, ages=(18, 120),
    ),
    Story(
        "CAR", "control de fibrilación auricular", "Disnea a esfuerzos grandes, estable. Sin sangrados.",
        "TA {ta} mmHg, FC {fc} irregular. Sin edemas ni rales.",
        "Sigue anticoagulado. Función renal en un mes. Control en tres.",
        "I48.9", "Fibrilación y aleteo auricular, no especificados",
        ("Apixabán 5 mg, comprimidos: 1 cada 12 h", "Bisoprolol 2,5 mg, comprimidos: 1 por día"),
        chronic=True, kind="control", ages=(55, 120), pressure=12, labs=("creatinina", "potasio"),
    ),
    Story(
        "CAR", "apto cardiológico", "Entrena cuatro veces por semana, sin síntomas. Padres sanos.",
        "TA {ta} mmHg, FC {fc}. ECG y examen normales.",
        "Apto para actividad física. Control anual.",
        "Z02.5", "Examen para participación en deportes", ages=(18, 70),
    ),
    Story(
        "CAR", "colesterol alto", "Trae laboratorio con LDL 172. Padre con infarto a los 52 años.",
        "TA {ta} mmHg, peso {peso} kg. Sin xantomas.",
        "Atorvastatina 20 mg, plan de alimentación. Lípidos y hepatograma en tres meses.",
        "E78.5", "Hiperlipidemia no especificada", ("Atorvastatina 20 mg, comprimidos: 1 por noche",),
        chronic=True, ages=(30, 120), pressure=8, labs=("colesterol",),
    ),
    Story(
        "TRA", "caída, dolor de muñeca", "Caída de propia altura con apoyo de mano derecha.",
        "Dolor y edema en dorso de muñeca, movilidad limitada. Neurovascular conservado.",
        "Radiografía frente y perfil. Férula y hielo. Control en una semana.",
        "S63.5", "Esguince y torcedura de la muñeca",
        ("Diclofenac 50 mg, comprimidos: 1 cada 12 h por 5 días",),
        certain=False, kind="urgencia", ages=(6, 120),
    ),
    Story(
        "TRA", "dolor de espalda", "Lumbalgia mecánica de cinco días tras levantar peso. Sin irradiación.",
        "Contractura paravertebral, Lasègue negativo, fuerza conservada.",
        "Calor local, reposo relativo, diez sesiones de kinesiología.",
        "M54.5", "Lumbago no especificado",
        ("Diclofenac 75 mg, comprimidos: 1 por día por 5 días",), ages=(16, 120),
    ),
    Story(
        "TRA", "dolor de rodilla", "Gonalgia derecha al bajar escaleras, rigidez matinal breve.",
        "Crepitación, sin derrame. Peso {peso} kg.",
        "Fortalecimiento de cuádriceps, descenso de peso. Paracetamol a demanda.",
        "M17.9", "Gonartrosis, no especificada", ("Paracetamol 1 g, comprimidos: 1 cada 8 h a demanda",),
        chronic=True, ages=(48, 120),
    ),
    Story(
        "TRA", "torcedura de tobillo", "Inversión del tobillo izquierdo jugando al fútbol.",
        "Edema perimaleolar externo. Criterios de Ottawa negativos: sin radiografía.",
        "Hielo, elevación, vendaje. Carga según dolor.",
        "S93.4", "Esguince y torcedura del tobillo", kind="urgencia", ages=(5, 60),
    ),
    Story(
        "GIN", "control ginecológico", "Ciclos regulares. Sin síntomas.",
        "Examen mamario y pelviano normales. Se toma Papanicolaou.",
        "Resultado en tres semanas. Control anual.",
        "Z01.4", "Examen ginecológico (general) (de rutina)", kind="control", ages=(18, 120), sex="F",
    ),
    Story(
        "GIN", "control prenatal", "Embarazo de curso normal, percibe movimientos fetales.",
        "TA {ta} mmHg, peso {peso} kg. Altura uterina acorde. FCF 142.",
        "Hierro y ácido fólico. Ecografía y laboratorio del trimestre. Control en cuatro semanas.",
        "Z34.9", "Supervisión de embarazo normal no especificado",
        ("Hierro 60 mg + ácido fólico 0,4 mg, comprimidos: 1 por día",),
        kind="control", ages=(16, 44), sex="F",
    ),
    Story(
        "GIN", "sofocos", "Amenorrea de catorce meses, sofocos diarios, insomnio.",
        "TA {ta} mmHg. Examen sin particularidades.",
        "Medidas generales. Mamografía y densitometría. Se conversa sobre terapia hormonal.",
        "N95.1", "Estados menopáusicos y climatéricos femeninos", ages=(45, 62), sex="F",
    ),
    Story(
        "DER", "mancha en la piel", "Lesión pigmentada en el dorso, sin cambios en un año.",
        "Nevo de 4 mm, bordes regulares, color homogéneo. Dermatoscopía sin signos de alarma.",
        "Protección solar. Fotografía de control en seis meses.",
        "D22.5", "Nevo melanocítico del tronco", ages=(5, 120),
    ),
    Story(
        "DER", "picazón", "Placas pruriginosas en pliegues, peor en invierno.",
        "Placas eritematosas descamativas en huecos poplíteos.",
        "Emoliente diario, hidrocortisona siete días, baños cortos con agua tibia.",
        "L20.9", "Dermatitis atópica, no especificada",
        ("Hidrocortisona 1 %, crema: 2 veces por día por 7 días",),
        chronic=True, ages=(1, 80),
    ),
    Story(
        "DER", "acné", "Lesiones inflamatorias en cara desde hace dos años.",
        "Comedones y pápulas en frente y mentón. Sin nódulos.",
        "Adapaleno nocturno y jabón neutro. Control en ocho semanas.",
        "L70.0", "Acné vulgar", ("Adapaleno 0,1 %, gel: 1 aplicación por noche",), ages=(12, 32),
    ),
    Story(
        "END", "control de tiroides", "Cansancio leve. Toma levotiroxina en ayunas.",
        "FC {fc}, peso {peso} kg. Tiroides no palpable.",
        "TSH de control. Sin cambios de dosis hasta el resultado.",
        "E03.9", "Hipotiroidismo, no especificado", ("Levotiroxina 75 mcg, comprimidos: 1 en ayunas",),
        chronic=True, kind="control", ages=(18, 120), labs=("tsh",),
    ),
    Story(
        "END", "descenso de peso", "Consulta por sobrepeso. Sedentario, cena tarde.",
        "Peso {peso} kg, talla {talla} cm, TA {ta} mmHg.",
        "Plan de alimentación con nutrición, caminata diaria. Metas a tres meses.",
        "E66.9", "Obesidad, no especificada",
        chronic=True, ages=(14, 80), pressure=8, labs=("glucosa", "colesterol"),
    ),
    Story(
        "ORL", "tapón de cera", "Hipoacusia derecha de una semana. Sin dolor ni secreción.",
        "Tapón de cerumen obstructivo. Se lava sin incidentes; tímpano íntegro.",
        "No usar hisopos. Control si se repite.",
        "H61.2", "Cerumen impactado", kind="procedimiento", ages=(4, 120),
    ),
    Story(
        "ORL", "mareo al girar", "Vértigo de segundos al acostarse hacia la derecha, náuseas.",
        "Dix-Hallpike derecho positivo. Maniobra de Epley con alivio.",
        "Reposo relativo 48 h. Repetir la maniobra si vuelve.",
        "H81.1", "Vértigo paroxístico benigno", ages=(25, 120),
    ),
    Story(
        "ORL", "rinitis", "Estornudos en salva y congestión, peor en primavera.",
        "Mucosa pálida, cornetes hipertróficos.",
        "Mometasona nasal, lavados con solución salina. Evitar polvo.",
        "J30.4", "Rinitis alérgica, no especificada",
        ("Mometasona 50 mcg, aerosol nasal: 1 disparo por fosa por día",),
        chronic=True, ages=(4, 75),
    ),
)  # fmt: skip


def story_for(
    specialty: str, sex: str, age: int, random: Random, allergic_to: Collection[str] = ()
) -> Story | None:
    """A story that fits doctor and patient, None where none does."""
    fitting = (each for each in STORIES if each.fits(specialty, sex, age) and each.suits(allergic_to))
    return _one(random, fitting)


def specialty_for(sex: str, age: int, among: Iterable[str], random: Random) -> str:
    """The specialty such a patient would see; general medicine is seen most."""
    fitting = {each.specialty for each in STORIES if each.fits(each.specialty, sex, age)} & set(among)
    general = "PED" if age < 15 else "CLM"  # noqa: PLR2004 - years
    return general if random.random() < 0.5 else random.choice(sorted(fitting) or [general])  # noqa: PLR2004


def _one(random: Random, fitting: Iterable[Story]) -> Story | None:
    found = list(fitting)
    return random.choice(found) if found else None
